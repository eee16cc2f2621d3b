"""A whole study after loading: all sections, and what the workflow asks of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import Field, PrivateAttr

from datalines.config import resolve, urlpools
from datalines.config.availability import check_contact, check_curation, check_list, check_weights
from datalines.config.base import Slug, Spec, Text
from datalines.config.concepts import Concepts, concept_downloads, concept_specs, counted_pools, entries_of, kept_of
from datalines.config.costs import Costs
from datalines.config.curation import Exclusion, Scorer
from datalines.config.downloads import add_wanted, archive_downloads
from datalines.config.errors import Findings, Loc
from datalines.config.evalsets import Evalsets
from datalines.config.experiments import Ensemble, Experiment, Family
from datalines.config.fetching import Fetch
from datalines.config.filters import Filter, NearDuplicate, Step
from datalines.config.mixtures import Mixture
from datalines.config.papers import Figure, Paper, Table, experiments_in
from datalines.config.paths import check_path
from datalines.config.pools import Pool, TestbedPool, UrlsPool
from datalines.config.published import Published, entry_of, published_downloads
from datalines.config.recipes import Recipe, Training
from datalines.config.scale import StudyInfo
from datalines.config.shifts import AdversarialShift, ClassList, LabelledShift, Shift, Suite, TestbedShift
from datalines.config.sources import SourceCard, Sources
from datalines.testbed.domain import Domain

T = TypeVar("T")


class Run(NamedTuple):
    """One training run."""

    family: str
    size: str
    seed: int


class Study(Spec):
    """All sections of a study. Made by `load_study`, which also checks what refers to what."""

    scale: Slug = Field(description="Which study to run: config/scales/<scale>.yaml or config/examples/<scale>.yaml.")
    study: StudyInfo = Field(description="Purpose and targets of the scale; in scale files only.")
    archive: Text | None = Field(
        default=None,
        description="Folder of archived records that figures and tables are made from; see `make figures`.",
    )
    pools: dict[Slug, Pool] = Field(default={}, description="Where pairs of image and text come from.")
    sources: Sources = Field(default={}, description="Cards of published sources, by name and version.")
    published: Published = Field(default={}, description="Files of published results, for baselines.")
    evalsets: Evalsets = Field(default={}, description="Cards of published evaluation sets, by name and copy.")
    fetch: Fetch = Field(default=Fetch(), description="How images are obtained from lists of addresses.")
    exclusions: dict[Slug, Exclusion] = Field(default={}, description="Lists of what must not be used.")
    scorers: dict[Slug, Scorer] = Field(default={}, description="CLIP models that score pairs.")
    filters: dict[Slug, Filter] = Field(default={}, description="Lists of steps; the first that refuses drops.")
    mixtures: dict[Slug, Mixture] = Field(default={}, description="How many samples of which pools are trained on.")
    recipes: dict[Slug, Recipe] = Field(default={}, description="How a model is trained.")
    training: Training = Field(default=Training(), description="What of training changes no result.")
    classes: dict[Slug, ClassList] = Field(default={}, description="Label spaces.")
    shifts: dict[Slug, Shift] = Field(default={}, description="Evaluation sets.")
    suites: dict[Slug, Suite] = Field(default={}, description="Shifts that are evaluated together, in one job a model.")
    families: dict[Slug, Family] = Field(default={}, description="What lines are drawn through.")
    ensembles: dict[Slug, Ensemble] = Field(default={}, description="Averages of the outputs of families.")
    experiments: dict[Slug, Experiment] = Field(default={}, description="Families compared on the shifts of a suite.")
    papers: dict[Slug, Paper] = Field(default={}, description="Tables and figures, by paper.")
    concepts: Concepts = Field(default={}, description="Which classes are looked for in captions.")
    costs: Costs = Field(default=Costs(), description="What steps take on stated hardware; for `datalines plan`.")

    _origins: Mapping[Loc, str] = PrivateAttr(default={})
    _class_names: Mapping[str, list[str]] = PrivateAttr(default={})
    _class_texts: Mapping[str, list[str]] = PrivateAttr(default={})
    _prompts: Mapping[str, list[str]] = PrivateAttr(default={})
    _mappings: Mapping[str, dict[str, list[str]]] = PrivateAttr(default={})
    _model_specs: Mapping[str, Any] = PrivateAttr(default={})

    def attach(
        self, origins: Mapping[Loc, str], class_names: Mapping[str, list[str]], model_specs: Mapping[str, Any]
    ) -> None:
        """Add what stands outside the models: the file of every key, class lists, and networks by slug."""
        self._origins, self._class_names, self._model_specs = origins, class_names, model_specs

    def attach_texts(self, class_texts: Mapping[str, list[str]], prompts: Mapping[str, list[str]]) -> None:
        """Add what zero-shot classifiers read: of every class list what is said of its classes, of shifts prompts."""
        self._class_texts, self._prompts = class_texts, prompts

    def attach_mappings(self, mappings: Mapping[str, dict[str, list[str]]]) -> None:
        """Add what heads of another label space are read by: {shift: {class: its classes of that space}}."""
        self._mappings = mappings

    def class_names(self, classes: str) -> list[str]:
        """The names of a class list, in order."""
        return list(self._class_names[classes])

    def class_texts(self, classes: str) -> list[str]:
        """What prompts say of the classes of a list, in order: their names, unless the list has `texts`."""
        return list(self._class_texts[classes])

    def subset(self, shift: str) -> list[str]:
        """The classes that a shift contains: all of its label space, unless it names a subset."""
        labelled = self.labelled(shift)
        assert labelled is not None, f"shift {shift} was checked to have a label space"
        if labelled.subset is None:
            return self.class_names(labelled.classes)
        return self.class_names(labelled.subset) if isinstance(labelled.subset, str) else list(labelled.subset)

    def prompts(self, shift: str) -> list[str]:
        """The prompt templates of a shift; of an adversarial one, those of its candidates."""
        return list(self._prompts[self._origin(shift)])

    def mapping(self, shift: str) -> dict[str, list[str]]:
        """{class of a shift: its classes of the label space that its mapping names}."""
        return dict(self._mappings[self._origin(shift)])

    def _origin(self, shift: str) -> str:
        """The shift itself, or the candidates behind an adversarial one."""
        while isinstance(found := self.shifts[shift], AdversarialShift):
            shift = found.candidates
        return shift

    def model_spec(self, model: str) -> Any:
        """The content of config/models/<model>.json."""
        return self._model_specs[model]

    def labelled(self, shift: str) -> LabelledShift | None:
        """The shift that states the label space of `shift`: itself, or the candidates behind an adversarial one."""
        seen: set[str] = set()
        while shift not in seen:
            seen.add(shift)
            found = self.shifts.get(shift)
            if not isinstance(found, AdversarialShift):
                return found
            shift = found.candidates
        return None

    def domain(self, shift: TestbedShift) -> Domain | None:
        """What the images of a drawn shift look like: its own domain, or that of the pool it is like."""
        pool = self.pools.get(shift.like) if shift.like is not None else None
        return pool.domain if isinstance(pool, TestbedPool) else shift.domain

    def card(self, reference: str | None) -> SourceCard | None:
        """The source card behind `<name>@<version>`, None without one."""
        return urlpools.card_of(self, reference)

    def targets(self) -> list[str]:
        """The papers that are built when nothing else is asked for."""
        return list(self.study.targets)

    def experiments_of(self, paper: str) -> list[str]:
        """The experiments behind a paper's figures, tables and claims, each once."""
        shown = [name for part in _parts(self.papers[paper]) for name in experiments_in(part)]
        return _once([*shown, *(claim.experiment for claim in self.papers[paper].claims.values() if claim.experiment)])

    def members(self, experiment: str) -> list[str]:
        """The families an experiment trains: its own, its baseline, and the members of its ensembles."""
        spec = self.experiments[experiment]
        mixed = [member for ensemble in spec.ensembles for member in self.ensembles[ensemble].members]
        return _once([*spec.families, *([spec.baseline] if spec.baseline else []), *mixed])

    def ensemble_seeds(self, ensemble: str) -> list[int]:
        """Seeds that all members of an ensemble have."""
        return _common([self.families[member].seeds for member in self.ensembles[ensemble].members])

    def ensemble_epochs(self, ensemble: str) -> list[int]:
        """Epochs that all members of an ensemble keep."""
        return _common([self.recipes[self.families[member].recipe].keep for member in self.ensembles[ensemble].members])

    def runs(self, experiment: str) -> list[Run]:
        """Every training run of an experiment: families and baseline at all sizes and seeds, members where needed."""
        spec = self.experiments[experiment]
        found = []
        for family in _once([*spec.families, *([spec.baseline] if spec.baseline else [])]):
            own = self.families[family]
            found += [Run(family, size, seed) for size in own.sizes for seed in own.seeds]
        for ensemble in spec.ensembles:
            mixed = self.ensembles[ensemble]
            seeds = self.ensemble_seeds(ensemble)
            found += [Run(member, size, seed) for member in mixed.members for size in mixed.sizes for seed in seeds]
        return _once(found)

    def shifts_of(self, suite: str) -> list[str]:
        """The shifts of a suite."""
        return list(self.suites[suite])

    def shifts_used(self, paper: str | None = None) -> list[str]:
        """Every shift that a paper (or all targets) evaluates, with the candidates behind adversarial ones."""
        suites = [self.experiments[name].suite for name in self._experiments(paper)]
        found: list[str] = []
        waiting = [shift for suite in suites for shift in self.suites[suite]]
        waiting += [
            shift
            for name in self._chosen(paper)
            for part in self.papers[name].figures.values()
            for shift in part.sets or []
        ]
        while waiting:
            shift = waiting.pop(0)
            if shift in found:
                continue
            found.append(shift)
            spec = self.shifts[shift]
            if isinstance(spec, AdversarialShift):
                waiting += [spec.candidates, *self.suites[spec.model.suite]]
        return found

    def pools_of(self, paper: str | None = None) -> list[str]:
        """Every pool that a paper (or all targets) needs: for tables, runs, and models behind adversarial shifts."""
        parts = [part for name in self._chosen(paper) for part in _parts(self.papers[name])]
        found = [pool for part in parts for pool in part.pools or []]
        families = [run.family for name in self._experiments(paper) for run in self.runs(name)]
        for shift in self.shifts_used(paper):
            spec = self.shifts[shift]
            if isinstance(spec, AdversarialShift):
                families.append(spec.model.family)
        for family in _once(families):
            found += [entry.pool for entry in self.mixtures[self.families[family].mixture].entries]
        return _once([*found, *(pool for pool in self.counted(paper) if kept_of(self.concepts, pool))])

    def stand_ins(self) -> list[str]:
        """A sentence for every pool of the targets whose source stands in for another one."""
        found = []
        for name in self.pools_of():
            pool = self.pools[name]
            card = self.card(pool.source) if isinstance(pool, UrlsPool) else None
            if card is not None and card.substitutes is not None:
                found.append(
                    f"{pool.title}: {card.title} stands in for {card.substitutes}, which cannot be obtained as it was."
                )
        return found

    def downloads(
        self, pools: Iterable[str] | None = None, shifts: Iterable[str] | None = None
    ) -> list[dict[str, Any]]:
        """{url, bytes, sha256, key} (and md5, where one is stated) of every file that pools and shifts (those of the
        targets) name by its address, each once. Raises ConfigError if two of them contradict each other."""
        found: dict[str, dict[str, Any]] = {}
        for name in self.pools_read() if pools is None else pools:
            pool = self.pools[name]
            lists = urlpools.list_downloads(self, name, pool) if isinstance(pool, UrlsPool) else []
            for wanted in (*lists, *archive_downloads(pool, f"pools.{name}.path")):
                add_wanted(found, wanted)
        for name in self.shifts_read() if shifts is None else shifts:
            for wanted in archive_downloads(self.shifts[name], f"shifts.{name}.path"):
                add_wanted(found, wanted)
        shown = self.published_shown() if pools is None else list(self.published)
        entries = list(self.concepts) if pools is not None else entries_of(self.concepts, self.counted())
        for wanted in (*published_downloads(self.published, shown), *concept_downloads(self.concepts, entries)):
            add_wanted(found, wanted)
        return list(found.values())

    def counted(self, paper: str | None = None) -> list[str]:
        """The pools whose concepts the figures and tables of a paper (or of all targets) show."""
        return counted_pools(
            name for chosen in self._chosen(paper) for part in _parts(self.papers[chosen]) for name in part.tables or []
        )

    def published_shown(self) -> list[str]:
        """The published results that figures and tables of the targets are made from."""
        parts = [part for paper in self.targets() for part in _parts(self.papers[paper])]
        names = [name.split("/") for part in parts for name in part.tables or []]
        bases = [self.experiments[name].published for name in self._experiments(None)]
        shown = [entry_of(name, self.published) for source, name in names if source == "published"]
        return _once([*shown, *(base.name for base in bases if base is not None)])

    def steps_of(self, pool: str) -> list[Step]:
        """The steps of every filter that is applied to a pool's stored rows: its own, and those that mixtures name."""
        names = [self.pools[pool].filter]
        for mixture in self.mixtures.values():
            for entry in mixture.entries:
                if entry.pool == pool:
                    names += [name for name in (entry.filter, entry.subset) if name is not None]
        return [step for name in _once(names) for step in self.filters.get(name, [])]

    def pools_read(self, paper: str | None = None) -> list[str]:
        """Every pool that must be obtained: those used, and those that their filters compare with."""
        used = self.pools_of(paper)
        compared = [other for pool in used for step in self.steps_of(pool) for other in getattr(step, "pools", [])]
        return _once([*used, *compared, *self.counted(paper)])

    def shifts_read(self, paper: str | None = None) -> list[str]:
        """Every shift that must be prepared: those used, and those that filters compare with."""
        compared = [
            shift
            for pool in self.pools_of(paper)
            for step in self.steps_of(pool)
            if isinstance(step, NearDuplicate)
            for shift in self.compared_shifts(step)
        ]
        return _once([*self.shifts_used(paper), *compared])

    def compared_shifts(self, step: NearDuplicate) -> list[str]:
        """The evaluation sets that a near-duplicate step compares with; of adversarial ones, the candidates."""
        return self.prepared(self.shifts_used() if step.shifts == "all" else step.shifts)

    def prepared(self, shifts: Iterable[str]) -> list[str]:
        """Those of some shifts that are made without a trained model."""
        return [name for name in shifts if not isinstance(self.shifts.get(name), AdversarialShift)]

    def check_paths(self, papers: Sequence[str] | None = None) -> None:
        """Raise `ConfigError` with every path of the papers' (or targets') pools and shifts that is not there."""
        found = Findings(self._origins)
        for paper in self.targets() if papers is None else papers:
            for section, names in (("pools", self.pools_read(paper)), ("shifts", self.shifts_read(paper))):
                for name in names:
                    spec = getattr(self, section)[name]
                    if isinstance(spec, UrlsPool):
                        check_list(self, name, spec, found)
                    else:
                        check_path((section, name), spec, found)
                        check_contact(self, spec, found)
        check_curation(self, found)
        check_weights(self, found)
        found.stop()

    def resolved(self) -> dict[str, Any]:
        """Everything as plain data for Snakemake's `lookup`: the sections with their defaults, and derived tables."""
        return {
            **self.model_dump(mode="json"),
            "family_specs": resolve.family_specs(self),
            "filter_specs": resolve.filter_specs(self),
            "shift_specs": resolve.shift_specs(self),
            "mixture_specs": resolve.mixture_specs(self),
            "scorer_specs": resolve.scorer_specs(self),
            "pool_specs": resolve.pool_specs(self),
            "experiment_specs": resolve.experiment_specs(self),
            "concept_specs": concept_specs(self.concepts, self.class_names, self.class_texts),
        }

    def _experiments(self, paper: str | None) -> list[str]:
        return _once(experiment for name in self._chosen(paper) for experiment in self.experiments_of(name))

    def _chosen(self, paper: str | None) -> list[str]:
        """One paper, or all targets where none is named."""
        return self.targets() if paper is None else [paper]


def _parts(paper: Paper) -> list[Figure | Table]:
    return [*paper.figures.values(), *paper.tables.values()]


def _once(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


def _common(lists: list[list[int]]) -> list[int]:
    """What stands in all lists, in the order of the first."""
    return [value for value in lists[0] if all(value in other for other in lists)]
