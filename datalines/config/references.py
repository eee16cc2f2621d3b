"""Cross references: every name that one section mentions must exist in another, and fit there.

The study may lack entries that could not be read: their errors are reported already, and `names` still lists them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from datalines.config.concepts import CONCEPTS, check_concepts
from datalines.config.errors import Findings, Loc
from datalines.config.experiments import Experiment, check_experiment
from datalines.config.filters import InClassList
from datalines.config.paperchecks import check_papers
from datalines.config.papers import WHOLE_RECORDS
from datalines.config.pools import ShardsPool, TestbedPool, UrlsPool
from datalines.config.shifts import AdversarialShift, LabelledShift, TestbedShift
from datalines.config.study import Study
from datalines.testbed.domain import CLASSES

Names = Mapping[str, list[str]]
"""Every entry that was written, by section."""

RESERVED_EXPERIMENTS = {name: f"records/{name}.csv holds what its name says" for name in WHOLE_RECORDS}


class Checker:
    """Checks one study; `names` are all entries by section, `class_names` the class lists that could be read."""

    def __init__(
        self, study: Study, names: Names, class_names: Mapping[str, list[str]], root: Path, found: Findings
    ) -> None:
        self.study, self.names, self.class_names, self.root, self.found = study, names, class_names, root, found

    def check(self) -> None:
        """Add every reference that leads nowhere."""
        checks: list[Callable[[], None]] = [
            self._sources, self._recipes, self._families, self._ensembles,
            self._shifts, self._experiments,
        ]  # fmt: skip
        for check in checks:
            check()
        with_lists = [name for name, pool in self.study.pools.items() if isinstance(pool, UrlsPool)]
        check_concepts(self.study.concepts, self.names, with_lists, self.found)
        check_papers(self.study, self.names, self.root, self.found)

    def _known(self, loc: Loc, name: str | None, section: str, noun: str) -> bool:
        return name is None or self.found.check_known(loc, name, noun, self.names[section])

    def _sources(self) -> None:
        for slug, pool in self.study.pools.items():
            self._known(("pools", slug, "filter"), pool.filter, "filters", "filter")
            self._known(("pools", slug, "classes"), getattr(pool, "classes", None), "classes", "class list")
        for slug, steps in self.study.filters.items():
            for index, step in enumerate(steps):
                if isinstance(step, InClassList):
                    self._known(("filters", slug, index, "list"), step.list, "classes", "class list")
        for slug, mixture in self.study.mixtures.items():
            for index, entry in enumerate(mixture.entries):
                loc: Loc = ("mixtures", slug, "entries", index)
                self._known((*loc, "pool"), entry.pool, "pools", "pool")
                self._known((*loc, "filter"), entry.filter, "filters", "filter")
                same = [
                    other
                    for other in mixture.entries[:index]
                    if (other.pool, other.filter, other.subset) == (entry.pool, entry.filter, entry.subset)
                ]
                if same:
                    self.found.add(
                        (*loc, "pool"), f"'{entry.pool}' is listed twice; add the shares or counts up in one entry"
                    )

    def _recipes(self) -> None:
        for slug, recipe in self.study.recipes.items():
            self._known(("recipes", slug, "classes"), recipe.classes, "classes", "class list")

    def _families(self) -> None:
        for slug, family in self.study.families.items():
            loc: Loc = ("families", slug)
            self._known((*loc, "mixture"), family.mixture, "mixtures", "mixture")
            self._known((*loc, "recipe"), family.recipe, "recipes", "recipe")
            mixture = self.study.mixtures.get(family.mixture)
            if mixture is None:
                continue
            for index, size in enumerate(family.sizes):
                sizes = mixture.size_slugs()
                noun = f"size of mixture {family.mixture}"
                self.found.check_known((*loc, "sizes", index), size, noun, sizes, f"sizes of mixture {family.mixture}")
            recipe = self.study.recipes.get(family.recipe)
            if recipe is not None and recipe.objective == "supervised":
                for entry in mixture.entries:
                    pool = self.study.pools.get(entry.pool)
                    if isinstance(pool, UrlsPool):
                        text = f"has no class labels, but the supervised family {slug} trains on it"
                        self.found.add(("pools", entry.pool), f"{text}; use a recipe with objective clip")
                    if isinstance(pool, ShardsPool) and pool.label == "none":
                        text = f"is none, but the supervised family {slug} trains on it; write cls or json:<key>"
                        self.found.add(("pools", entry.pool, "label"), text)

    def _ensembles(self) -> None:
        for slug, ensemble in self.study.ensembles.items():
            loc: Loc = ("ensembles", slug)
            if slug in self.names["families"]:
                self.found.add(loc, "is the name of a family too; records tell them apart by name, so rename one")
            known = [
                self._known((*loc, "members", i), name, "families", "family") for i, name in enumerate(ensemble.members)
            ]
            members = [self.study.families[name] for name in ensemble.members if name in self.study.families]
            if not all(known) or len(members) < len(ensemble.members):
                continue
            for name, family in zip(ensemble.members, members, strict=True):
                for index, size in enumerate(ensemble.sizes):
                    self.found.check_known(
                        (*loc, "sizes", index), size, f"size of family {name}", family.sizes, f"sizes of {name}"
                    )
            if not self.study.ensemble_seeds(slug):
                self.found.add(
                    (*loc, "members"), "the members share no seed; give their families a common one under `seeds`"
                )
            if all(family.recipe in self.study.recipes for family in members) and not self.study.ensemble_epochs(slug):
                self.found.add(
                    (*loc, "members"), "the members share no kept epoch; give their recipes a common one under `keep`"
                )

    def _shifts(self) -> None:
        for slug, shifts in self.study.suites.items():
            for index, shift in enumerate(shifts):
                self._known(("suites", slug, index), shift, "shifts", "shift")
        for slug, spec in self.study.shifts.items():
            if isinstance(spec, AdversarialShift):
                self._adversarial(slug, spec)
            else:
                self._labelled(slug, spec)

    def _labelled(self, slug: str, shift: LabelledShift) -> None:
        self._known(("shifts", slug, "classes"), shift.classes, "classes", "class list")
        subset = shift.subset
        if isinstance(subset, str):
            self._known(("shifts", slug, "subset"), subset, "classes", "class list")
            subset = self.class_names.get(subset)
        if getattr(shift, "numbers", "classes") == "subset" and shift.subset is None:
            self.found.add(("shifts", slug, "numbers"), "is subset, but the shift has none; write classes, or a subset")
        space = self.class_names.get(shift.classes)
        if space is None:
            return
        noun, many = f"class of list {shift.classes}", f"classes of list {shift.classes}"
        for index, name in enumerate(subset or []):
            place: Loc = (
                ("shifts", slug, "subset") if isinstance(shift.subset, str) else ("shifts", slug, "subset", index)
            )
            self.found.check_known(place, name, noun, space, many)
        if isinstance(others := getattr(shift, "others", None), str):
            self._known(("shifts", slug, "others"), others, "classes", "class list")
        for folder, name in (getattr(shift, "names", None) or {}).items():
            self.found.check_known(("shifts", slug, "names", folder), name, noun, space, many)
        if isinstance(shift, TestbedShift):
            self._domain(slug, shift, subset, space)

    def _domain(self, slug: str, shift: TestbedShift, subset: Sequence[str] | None, space: Sequence[str]) -> None:
        if shift.like is not None:
            self._known(("shifts", slug, "like"), shift.like, "pools", "pool")
            pool = self.study.pools.get(shift.like)
            if pool is not None and not isinstance(pool, TestbedPool):
                text = f"names a pool of kind {pool.kind}, which has no domain; name one of kind testbed"
                self.found.add(("shifts", slug, "like"), text)
        domain = self.study.domain(shift)
        if domain is None:
            return
        masked = sorted(set(domain.classes or CLASSES) - set(subset or space))
        if masked:
            where = "`subset`" if subset else f"class list {shift.classes}"
            text = f"draws {', '.join(masked)}, which {where} does not hold, so that no prediction could be right"
            place: Loc = ("shifts", slug, "like") if shift.like else ("shifts", slug, "domain", "classes")
            self.found.add(place, f"{text}; draw only classes that it holds")

    def _adversarial(self, slug: str, shift: AdversarialShift) -> None:
        loc: Loc = ("shifts", slug, "model")
        model = shift.model
        self._known(("shifts", slug, "candidates"), shift.candidates, "shifts", "shift")
        self._known((*loc, "family"), model.family, "families", "family")
        self._known((*loc, "suite"), model.suite, "suites", "suite")
        suite = self.study.suites.get(model.suite)
        if suite is not None and shift.candidates not in suite:
            text = f"suite '{model.suite}' does not contain the candidates '{shift.candidates}'"
            self.found.add((*loc, "suite"), f"{text}; add them to it, or name another suite")
        cycle = next(self._cycles(slug), None)
        if cycle is not None:
            self.found.add(
                ("shifts", slug), f"needs itself: {' -> '.join(cycle)}; put the candidates into a suite of their own"
            )
        family = self.study.families.get(model.family)
        if family is None:
            return
        self.found.check_known(
            (*loc, "size"), model.size, f"size of family {model.family}", family.sizes, f"sizes of {model.family}"
        )
        if model.seed not in family.seeds:
            self.found.add(
                (*loc, "seed"), f"{model.seed} is not a seed of family {model.family}. Known seeds: {family.seeds}"
            )
        recipe = self.study.recipes.get(family.recipe)
        if recipe is not None and model.epoch not in recipe.keep:
            self.found.add(
                (*loc, "epoch"), f"{model.epoch} is not kept by recipe {family.recipe}. Kept epochs: {recipe.keep}"
            )
        if recipe is not None and cycle is None:
            self._label_space((*loc, "family"), model.family, shift.candidates)

    def _cycles(self, start: str) -> Iterator[list[str]]:
        """Ways from an adversarial shift back to itself, over candidates and suites of reference models."""
        waiting = [[start]]
        seen: set[str] = set()
        while waiting:
            way = waiting.pop(0)
            shift = self.study.shifts.get(way[-1])
            if not isinstance(shift, AdversarialShift):
                continue
            for after in (shift.candidates, *self.study.suites.get(shift.model.suite, [])):
                if after == start:
                    yield [*way, after]
                elif after not in seen:
                    seen.add(after)
                    waiting.append([*way, after])

    def _label_space(self, loc: Loc, family: str, shift: str) -> None:
        """A supervised family can only be evaluated on the label space it was trained for; zero-shot, on any."""
        labelled = self.study.labelled(shift)
        recipe = self.study.recipes.get(self.study.families[family].recipe) if family in self.study.families else None
        mapping = getattr(labelled, "mapping", None)
        known = [None, labelled.classes if labelled else None, mapping.classes if mapping else None]
        if labelled is None or recipe is None or recipe.classes in known:
            return
        text = (
            f"family '{family}' predicts the classes '{recipe.classes}', but shift '{shift}' has '{labelled.classes}'"
        )
        self.found.add(loc, f"{text}; use the same class list, or declare shifts.{shift}.mapping")

    def _experiments(self) -> None:
        for slug, experiment in self.study.experiments.items():
            loc: Loc = ("experiments", slug)
            if slug in RESERVED_EXPERIMENTS:
                self.found.add(loc, f"is a reserved name: {RESERVED_EXPERIMENTS[slug]}; call the experiment otherwise")
            if slug.startswith(CONCEPTS):
                text = (
                    f"begins with {CONCEPTS}, as the records of concepts in captions do; call the experiment otherwise"
                )
                self.found.add(loc, text)
            other = slug.removesuffix("-points")
            if other != slug and other in self.study.experiments:
                text = f"fits/{slug}.csv holds the points of experiment '{other}'; call this experiment otherwise"
                self.found.add(loc, text)
            for index, name in enumerate(experiment.families):
                self._known((*loc, "families", index), name, "families", "family")
            for index, name in enumerate(experiment.ensembles):
                self._known((*loc, "ensembles", index), name, "ensembles", "ensemble")
            self._known((*loc, "baseline"), experiment.baseline, "families", "family")
            check_experiment(loc, experiment, self.names, self.study.suites.get(experiment.suite), self.found)
            if self._known((*loc, "suite"), experiment.suite, "suites", "suite"):
                self._experiment_shifts(loc, experiment)

    def _experiment_shifts(self, loc: Loc, experiment: Experiment) -> None:
        suite = self.study.suites.get(experiment.suite)
        if suite is None:
            return
        places = [((*loc, "reference"), experiment.reference)]
        places += [((*loc, "shifts", index), shift) for index, shift in enumerate(experiment.shifts)]
        noun, many = f"shift of suite {experiment.suite}", f"shifts of suite {experiment.suite}"
        for place, shift in places:
            self.found.check_known(place, shift, noun, suite, many)
        if experiment.reference in experiment.shifts:
            place = (*loc, "shifts", experiment.shifts.index(experiment.reference))
            self.found.add(
                place, f"'{experiment.reference}' is the reference; it is drawn against every shift, so remove it here"
            )
        # A suite is evaluated as a whole, so its other shifts must suit every model as well.
        for shift in suite:
            for index, family in enumerate(experiment.families):
                self._label_space((*loc, "families", index), family, shift)
            if experiment.baseline is not None:
                self._label_space((*loc, "baseline"), experiment.baseline, shift)
            for index, ensemble in enumerate(experiment.ensembles):
                for member in self.study.ensembles[ensemble].members if ensemble in self.study.ensembles else []:
                    self._label_space((*loc, "ensembles", index), member, shift)
