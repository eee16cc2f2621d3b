"""What a job takes, from the study and its section `costs`: items, seconds, processor and GPU time, bytes left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from datalines.config.costs import ImageCost, ModelCost, RuleCost, Speed
from datalines.config.pools import UrlsPool
from datalines.config.study import Study
from datalines.plan.jobs import Job

MEASURED = 10_000
"""Samples of a pool that its statistics are made of."""

OBTAINING = ("download_pool", "prepare_shift")
"""Rules that draw images or read them from archives."""

LOGIT = 4
"""Bytes of one logit."""


@dataclass(frozen=True)
class Work:
    """One job's needs. `gpus` may be a part of one, where several runs share it."""

    items: float
    seconds: float
    cores: int
    gpus: float
    bytes: float

    @property
    def core_seconds(self) -> float:
        """Time of the cores that it holds."""
        return self.seconds * self.cores

    @property
    def gpu_seconds(self) -> float:
        """Time of the GPUs, or the part of one, that it holds."""
        return self.seconds * self.gpus


class Estimate:
    """Turns jobs into work for a machine with or without GPUs."""

    def __init__(self, study: Study, gpus: bool) -> None:
        self.study, self.costs, self.gpus = study, study.costs, gpus
        self.unknown: dict[str, str] = {}
        """What is not counted because nobody stated it: key -> what to write."""
        self._items: Mapping[str, Callable[[Mapping[str, str]], float]] = {
            "read_list": lambda names: self.list_rows(names["pool"]),
            **dict.fromkeys(("download_pool", "fetch_pool", "hash_part", "score_part"), self._part),
            **dict.fromkeys(("filter_pool", "write_shards"), lambda names: self.pool(names["pool"])),
            "mix_shards": lambda names: self.samples(names["mixture"], names["size"]),
            **dict.fromkeys(("prepare_shift", "hash_shift"), lambda names: study.shifts[names["shift"]].items),
            "filter_shift": self._candidates,
            "train_model": self._seen,
            "evaluate_run": lambda names: sum(study.shifts[shift].items for shift in study.suites[names["suite"]]),
            "collect_records": lambda names: self._mixed_logits(names["experiment"]),
            "collect_statistics": lambda names: MEASURED * len(study.pools_of()),
            **dict.fromkeys(("collect_pools", "collect_overlap"), lambda names: sum(map(self.pool, study.pools_of()))),
        }

    def work(self, job: Job) -> Work:
        """What a job takes; what nobody stated counts as nothing, and is noted in `unknown`."""
        cost = self.costs.rules.get(job.rule, RuleCost())
        count = self._items[job.rule](job.wildcards) if job.rule in self._items else 0
        seconds, left = cost.item * count, cost.bytes * count
        for image, number in self._images(job, count):
            obtained = image.obtain if job.rule in OBTAINING else 0.0
            seconds += number * (obtained + cost.decodes * image.decode)
            left += number * cost.copies * image.bytes
        paces = [cost.pace]
        if job.rule == "fetch_pool" and job.wildcards["pool"] in self.costs.pools:
            paces.append(self.costs.pools[job.wildcards["pool"]].pace)
        seconds = max([seconds / job.threads, *(count / pace for pace in paces if pace is not None)])
        if job.rule in ("train_model", "evaluate_run"):
            return self._network(job, count, cost.job + seconds, left)
        return Work(count, cost.job + seconds, job.threads, 0.0, left)

    def _images(self, job: Job, count: float) -> list[tuple[ImageCost, float]]:
        """The images that a job's items have, by what one takes."""
        if "pool" in job.wildcards:
            pool = job.wildcards["pool"]
            return [(self._image(self.study.pools[pool].kind, pool), count)]
        if "suite" in job.wildcards:
            return [self._set(shift) for shift in self.study.suites[job.wildcards["suite"]]]
        return [(self._set(job.wildcards["shift"])[0], count)] if "shift" in job.wildcards else []

    def _set(self, shift: str) -> tuple[ImageCost, float]:
        labelled = self.study.labelled(shift)
        assert labelled is not None, f"shift {shift} was checked to have a label space"
        return self._image(getattr(labelled, "kind", "")), self.study.shifts[shift].items

    def _image(self, kind: str, pool: str = "") -> ImageCost:
        image = {str(known): cost for known, cost in self.costs.images.items()}.get(kind, ImageCost())
        own = self.costs.pools.get(pool)
        return image if own is None or own.bytes is None else image.model_copy(update={"bytes": own.bytes})

    def _network(self, job: Job, count: float, seconds: float, left: float) -> Work:
        """A job that runs a network; with a GPU where there is one, on as many as the profile gives it."""
        family = self.study.families[job.wildcards["family"]]
        recipe = self.study.recipes[family.recipe]
        cost = self.costs.models.get(recipe.model, ModelCost())
        speed = cost.gpu if self.gpus and cost.gpu is not None else cost.cpu
        if speed is None:
            wanted = "cpu or gpu: {train: <images a second>, evaluate: <images a second>}"
            self.unknown[f"costs.models.{recipe.model}"] = wanted
            return Work(count, seconds, job.threads, 0.0, left)
        devices = max(job.gpus, 1) if speed is cost.gpu else 0
        kept = len(recipe.keep)
        if job.rule == "train_model":
            seconds += count / speed.train / max(devices, 1)
            left += cost.weights * kept
        else:
            seconds += count * kept / speed.evaluate
            left += LOGIT * kept * sum(self._logits(shift) for shift in self.study.suites[job.wildcards["suite"]])
        return Work(count, seconds, job.threads, _held(devices, speed), left)

    @cache  # noqa: B019 - one estimate lives as long as its process
    def pool(self, pool: str) -> float:
        """Items of a pool that are requested: as declared, or as many as the paper obtained; 0 and noted if nobody
        says."""
        spec = self.study.pools[pool]
        if spec.items is not None:
            return spec.items
        card = self.study.card(spec.source) if isinstance(spec, UrlsPool) else None
        known = [spec.paper_pairs, *((card.paper_pairs, card.expected_rows) if card is not None else ())]
        stated = next((number for number in known if number is not None), None)
        if stated is None:
            self.unknown[f"pools.{pool}.items"] = "the number of its images"
        return stated or 0

    def list_rows(self, pool: str) -> float:
        """Rows of a pool's whole list: as its card states, or by the share that is sampled."""
        spec = self.study.pools[pool]
        assert isinstance(spec, UrlsPool)
        card = self.study.card(spec.source)
        if card is not None and card.expected_rows is not None and spec.list is None:
            return card.expected_rows
        return self.pool(pool) / (spec.sample.share if spec.sample is not None else 1)

    def samples(self, mixture: str, size: str) -> float:
        """Samples of a mixture; pools taken whole count as all that is requested of them."""
        spec = self.study.mixtures[mixture]
        counts = zip(spec.entries, spec.counts(size), strict=True)
        return sum(count if isinstance(count, int) else self.pool(entry.pool) for entry, count in counts)

    def _part(self, names: Mapping[str, str]) -> float:
        """Items of one part; a later round asks for a share of the earlier one's."""
        turn = int(names["part"].partition("r")[2] or 0)
        return self.pool(names["pool"]) / self.study.pools[names["pool"]].parts * self.costs.again**turn

    def _candidates(self, names: Mapping[str, str]) -> float:
        return self.study.shifts[self.study.shifts[names["shift"]].candidates].items  # type: ignore[union-attr]

    def _seen(self, names: Mapping[str, str]) -> float:
        family = self.study.families[names["family"]]
        return self.samples(family.mixture, names["size"]) * self.study.recipes[family.recipe].epochs

    @cache  # noqa: B019
    def _logits(self, shift: str) -> float:
        """Numbers that one model leaves on a shift."""
        labelled = self.study.labelled(shift)
        assert labelled is not None, f"shift {shift} was checked to have a label space"
        return self.study.shifts[shift].items * len(self.study.class_names(labelled.classes))

    def _mixed_logits(self, experiment: str) -> float:
        """Logits that an experiment's ensembles read and average."""
        spec, total = self.study.experiments[experiment], 0.0
        each = sum(self._logits(shift) for shift in [spec.reference, *spec.shifts])
        for name in spec.ensembles:
            ensemble = self.study.ensembles[name]
            weights = 1 if ensemble.weights == "equal" else len(ensemble.weights)
            points = (
                weights
                * len(ensemble.sizes)
                * len(self.study.ensemble_seeds(name))
                * len(self.study.ensemble_epochs(name))
            )
            total += points * len(ensemble.members) * each
        return total


def _held(devices: int, speed: Speed) -> float:
    """GPUs that a run holds: whole ones if it has several, a part of one if runs share it."""
    return float(devices) if devices > 1 else devices / speed.together
