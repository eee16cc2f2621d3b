"""What each rule depends on, as plain data for Snakemake's `lookup`, and which files a target needs.

A table holds only what changes a rule's result: a new title redraws figures and retrains nothing, a new filter
downloads nothing again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.config.concepts import counted_in
from datalines.config.pools import class_list
from datalines.config.study import Study
from datalines.config.urlpools import manners
from datalines.datapaths import listings
from datalines.errors import DatalinesError
from datalines.files import digest_json
from datalines.recordpaths import RecordPaths
from datalines.sharing import check_ranks

__all__ = ["Dag", "listings"]

LABELS = ("title", "licence", "paper_pairs", "substitutes")
BEYOND_DOWNLOAD = ("filter", "shard_size", "download")
# What a list is read by, and what only decides how many parts there are.
BEYOND_FETCHING = ("list", "path", "select", "sample", "source", "expected_rows", "rounds", "parts", "seed", "classes")
SAMPLES, SAMPLES_OF_A_CLASS = 24, 8
"""Pairs or images that are collected for sheets: of every pool and evaluation set, and of one class of a set."""
DECIDES_WHAT_IS_STORED = ("max_bytes", "max_redirects", "opt_out", "removed", "allow_private")


class Dag(RecordPaths):
    """The workflow's view of a study."""

    def __init__(self, study: Study, command_line: dict[str, Any]) -> None:
        super().__init__(study)
        self.command_line = command_line

    def tables(self) -> dict[str, Any]:
        """Parameters by rule; every value is JSON-able."""
        specs, urls = self.specs, self.url_pools()
        pools = {name: _without(spec, *LABELS, *BEYOND_DOWNLOAD) for name, spec in specs["pool_specs"].items()}
        return {
            "download_pool": {name: spec for name, spec in pools.items() if name not in urls},
            "read_list": {name: _without(pools[name], "fetch", "image", "rounds", "seed") for name in urls},
            "fetch_pool": {name: self._fetched(pools[name]) for name in urls},
            "count_concepts": {
                pool: {name: specs["concept_specs"][name] for name in counted_in(self.study.concepts, pool)}
                for pool in self.counted_pools()
            },
            "read_published": specs["published"],
            "score_part": specs["scorer_specs"],
            "filter_pool": specs["filter_specs"],
            "write_shards": {
                name: {key: spec[key] for key in ("seed", "shard_size", "items")}
                for name, spec in specs["pool_specs"].items()
            },
            "mix_shards": specs["mixture_specs"],
            "train_model": {
                name: {key: spec[key] for key in ("mixture", "recipe", "weights")}
                for name, spec in specs["family_specs"].items()
            },
            "evaluate_run": {name: spec["recipe"] for name, spec in specs["families"].items()},
            "prepare_shift": {name: _without(spec, "title", "download") for name, spec in specs["shift_specs"].items()},
            "collect_records": {name: self._collected(spec) for name, spec in specs["experiment_specs"].items()},
            "fit_lines": {name: self._fitted(spec) for name, spec in specs["experiment_specs"].items()},
            "measure_robustness": {name: self._placed(spec) for name, spec in specs["experiment_specs"].items()},
            "draw_figure": {paper: self._figures(spec["figures"]) for paper, spec in specs["papers"].items()},
            "draw_pool_figure": {
                paper: {name: part for name, part in spec["figures"].items() if part["pools"] or part["sets"]}
                for paper, spec in specs["papers"].items()
            },
            "simulate_theory": {
                name: spec for paper in specs["papers"].values() for name, spec in paper["theory"].items()
            },
            "collect_samples": self._sampled(),
            "measure_balance": {pool: class_list(specs["pool_specs"][pool]) for pool in self.pools()},
            "judge_claims": {paper: self._claimed(spec["claims"]) for paper, spec in specs["papers"].items()},
            "make_table": {paper: spec["tables"] for paper, spec in specs["papers"].items()},
            "experiments": {
                name: _without(spec, "samples", "members", "ensemble_specs")
                for name, spec in specs["experiment_specs"].items()
            },
            "draw_samples": {
                "sources": {pool: specs["pools"][pool]["title"] for pool in self.pools()},
                "shifts": {shift: specs["shifts"][shift]["title"] for shift in self.study.shifts_used()},
            },
            "draw_batches": self.mixed_runs(),
            "study": {
                **specs["study"],
                "substitutions": [*specs["study"]["substitutions"], *self.study.stand_ins()],
                "scale": self.study.scale,
            },
            "titles": self._titles(("families", "ensembles", "shifts", "pools")),
            "pool_titles": self._pool_titles(),
            "overlap_titles": {**self._titles(("shifts",)), **self._titles(("pools",))},
        }

    @staticmethod
    def _fetched(spec: dict[str, Any]) -> dict[str, Any]:
        """Without what only makes fetching faster, slower or more patient: that may change while it is under way."""
        rest = _without(spec, *BEYOND_FETCHING)
        return {**rest, "fetch": {key: rest["fetch"][key] for key in DECIDES_WHAT_IS_STORED}}

    def fetching(self) -> dict[str, Any]:
        """All `fetch` settings, of lists and of each pool, which jobs read from Snakemake's config and which trigger
        nothing."""
        pools = {name: self.specs["pool_specs"][name]["fetch"] for name in self.url_pools()}
        return {"lists": manners(self.study), "pools": pools}

    @staticmethod
    def _fitted(spec: dict[str, Any]) -> dict[str, Any]:
        keys = ("families", "ensembles", "baseline", "reference", "shifts", "floor", "level", "resamples", "resample")
        lines = {name: {"families": line["families"]} for name, line in spec["lines"].items()}
        more = {key: spec[key] for key in ("in_distribution", "published")}
        return {**{key: spec[key] for key in keys}, "lines": lines, **more}

    def _placed(self, spec: dict[str, Any]) -> dict[str, Any]:
        """What lines are fitted by, and the axis that single points are placed on."""
        return {**self._fitted(spec), "axis": spec["axis"]}

    @staticmethod
    def _collected(spec: dict[str, Any]) -> dict[str, Any]:
        keys = ("mixture", "sizes", "seeds", "epochs")
        return {
            "spec": {key: spec[key] for key in ("families", "baseline", "published", "sets")},
            "families": {name: {key: member[key] for key in keys} for name, member in spec["members"].items()},
            "ensembles": {name: _without(ensemble, "title") for name, ensemble in spec["ensemble_specs"].items()},
        }

    def _figures(self, figures: dict[str, Any]) -> dict[str, Any]:
        """Figures of records and of other tables; one that names no shifts has a panel for each of its experiment's."""
        experiments = self.specs["experiments"]
        return {
            name: {**spec, "shifts": spec["shifts"] or experiments[spec["experiment"]]["shifts"]}
            if spec["experiment"]
            else spec
            for name, spec in figures.items()
            if spec["experiment"] or spec["tables"]
        }

    def _claimed(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Claims, with the experiments that they are judged by."""
        names = dict.fromkeys(claim["experiment"] for claim in claims.values() if claim["experiment"])
        experiments = self.specs["experiment_specs"]
        return {
            "claims": claims,
            "experiments": {name: self._placed(experiments[name]) for name in names},
        }

    def _sampled(self) -> dict[str, Any]:
        """How many samples of every pool are collected, and of every evaluation set, and of which of its classes."""
        figures = [spec for paper in self.study.targets() for spec in self.specs["papers"][paper]["figures"].values()]
        classes: dict[str, dict[str, int]] = {}
        for spec in figures:
            for shift in spec["sets"] or [] if "of" in spec["options"] else []:
                label = spec["options"].get("labels", {}).get(shift, spec["options"]["of"])
                classes.setdefault(shift, {})[str(label)] = SAMPLES_OF_A_CLASS
        return {
            "pools": dict.fromkeys(self.pools(), SAMPLES),
            "shifts": {
                shift: {"count": SAMPLES, "classes": classes.get(shift, {})} for shift in self.study.shifts_used()
            },
        }

    def _titles(self, sections: Iterable[str]) -> dict[str, str]:
        """Display names by slug; where two sections share a slug, the earlier section's title stands. Lines through
        several families come after the families."""
        found: dict[str, str] = {}
        for section in sections:
            for name, spec in self.specs[section].items():
                found.setdefault(name, spec["title"])
            for spec in self.specs["experiments"].values() if section == "families" else ():
                for name, line in spec["lines"].items():
                    found.setdefault(name, line["title"])
        return found

    def _pool_titles(self) -> dict[str, str]:
        """Display names where pools are meant: a pool has its own title, in the place (hence the colour) of a family
        of the same slug; sources that others stand in for have the title of their card."""
        places = {name: name for section in ("families", "ensembles", "shifts") for name in self.specs[section]}
        pools = {name: spec["title"] for name, spec in self.specs["pools"].items()}
        cards = {name: next(iter(versions.values())).title for name, versions in self.study.sources.items() if versions}
        return {**places, **cards, **pools}

    def recorded(self) -> bool:
        """Whether all that figures and tables are made from is there: then they can be redrawn on a machine without the
        data."""
        return all(Path(path).is_file() for path in self.records().values())

    def records(self) -> dict[str, str]:
        """{name: path} of everything that figures, tables and claims of the targets are made from, and that cannot be
        computed from nothing: what an archive holds."""
        whole = ["pools", "statistics"] if self.pools() else []
        names = [f"records/{name}" for name in [*self.experiments_of_targets(), *whole]]
        shown = [name for part in self._parts() for name in self.tables_shown(part)]
        names += [name for name in shown if name.split("/")[0] in ("records", "published") and not self._typed_in(name)]
        found = {name: self.table(name) for name in dict.fromkeys(names)}
        return {**found, "records/samples": self.samples()} if self.sheets("png") else found

    def experiment_digests(self) -> dict[str, str]:
        """{experiment: digest of what its records depend on}, for the experiments of the targets."""
        specs = self.specs["experiment_specs"]
        return {name: digest_json(self._collected(specs[name])) for name in self.experiments_of_targets()}

    def check_ranks(self, ranks: int, nodes: int) -> None:
        """A number of training processes that cannot share a recipe's batch evenly is a DatalinesError that names it,
        before any GPU is asked for."""
        families = self.study.families
        runs = {run.family for name in self.experiments_of_targets() for run in self.study.runs(name)}
        for recipe in sorted({families[family].recipe for family in runs}):
            try:
                check_ranks(self.specs["recipes"][recipe], ranks, nodes)
            except DatalinesError as error:
                raise DatalinesError(f"recipes.{recipe}: {error}") from None

    def figure_names(self, rule: str) -> dict[str, list[str]]:
        """{paper: names of its figures or tables that a rule makes}."""
        return {paper: sorted(parts) for paper, parts in self.tables()[rule].items()}

    def sheets(self, extension: str) -> list[str]:
        """Sheets of samples: of sources, and of evaluation sets where the targets have any."""
        names = [name for name, titles in self.tables()["draw_samples"].items() if titles]
        return [f"{self.root}/samples/{name}.{extension}" for name in names]

    def mixed_runs(self) -> dict[str, dict[str, Any]]:
        """{mixture: {title, size, seed, batch, window}} of the mixtures of several sources that the targets train on.

        Of several runs on one mixture it is the first of the largest size.
        """
        found: dict[str, dict[str, Any]] = {}
        for family, size, seed in (run for name in self.experiments_of_targets() for run in self.study.runs(name)):
            spec = self.specs["family_specs"][family]
            mixture, recipe = spec["mixture"], spec["recipe"]
            sizes = self.specs["mixture_specs"][mixture]
            mixed = len({entry["pool"] for entry in sizes[size]["entries"]}) > 1
            if mixed and (mixture not in found or sizes[size]["samples"] > sizes[found[mixture]["size"]]["samples"]):
                numbers = {"seed": seed, "batch": recipe["batch"], "window": recipe["shuffle_window"]}
                found[mixture] = {"title": spec["title"], "size": size, **numbers}
        return found

    def batches(self, extension: str) -> list[str]:
        """The figure of the first batches, where the targets train on any mixture of several sources."""
        drawn = bool(self.mixed_runs()) and not self.study.archive
        return [f"{self.root}/samples/batches.{extension}"] if drawn else []

    def batched(self) -> list[str]:
        """Manifests of the mixtures that the figure of the first batches shows."""
        return [f"{self.root}/mixtures/{name}/{run['size']}/manifest.json" for name, run in self.mixed_runs().items()]

    def mixtures_used(self) -> list[str]:
        """Manifests of every declared mixture at every size."""
        specs = self.specs["mixture_specs"]
        return [f"{self.root}/mixtures/{mixture}/{size}/manifest.json" for mixture in specs for size in specs[mixture]]


def _without(spec: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in keys}
