"""What each rule depends on, as plain data for Snakemake's `lookup`, and which files a target needs.

A table holds only what changes a rule's result: a new title redraws figures and retrains nothing, a new filter
downloads nothing again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.config.paths import first_existing
from datalines.config.study import Study
from datalines.pools.webshards import shard_paths

LABELS = ("title", "licence", "paper_pairs")
BEYOND_DOWNLOAD = ("filter", "shard_size")


class Dag:
    """The workflow's view of a study."""

    def __init__(self, study: Study, command_line: dict[str, Any]) -> None:
        self.study = study
        self.specs = study.resolved()
        self.root = f"results/{study.scale}"
        self.command_line = command_line

    def tables(self) -> dict[str, Any]:
        """Parameters by rule; every value is JSON-able."""
        specs = self.specs
        return {
            "download_pool": {
                name: _without(spec, *LABELS, *BEYOND_DOWNLOAD) for name, spec in specs["pool_specs"].items()
            },
            "filter_pool": specs["filter_specs"],
            "write_shards": {
                name: {key: spec[key] for key in ("seed", "shard_size", "items")}
                for name, spec in specs["pool_specs"].items()
            },
            "mix_shards": specs["mixture_specs"],
            "train_model": {
                name: {"mixture": spec["mixture"], "recipe": spec["recipe"]}
                for name, spec in specs["family_specs"].items()
            },
            "evaluate_run": {name: spec["recipe"] for name, spec in specs["families"].items()},
            "prepare_shift": {name: _without(spec, "title") for name, spec in specs["shift_specs"].items()},
            "collect_records": {name: self._collected(spec) for name, spec in specs["experiment_specs"].items()},
            "fit_lines": {
                name: {
                    key: spec[key]
                    for key in (
                        "families",
                        "ensembles",
                        "baseline",
                        "reference",
                        "shifts",
                        "floor",
                        "level",
                        "resamples",
                    )
                }
                for name, spec in specs["experiment_specs"].items()
            },
            "draw_figure": {paper: self._figures(spec["figures"]) for paper, spec in specs["papers"].items()},
            "make_table": {paper: spec["tables"] for paper, spec in specs["papers"].items()},
            "experiments": {
                name: _without(spec, "samples", "members", "ensemble_specs")
                for name, spec in specs["experiment_specs"].items()
            },
            "study": {**specs["study"], "scale": self.study.scale},
            "titles": self._titles(("families", "ensembles", "shifts", "pools")),
        }

    @staticmethod
    def _collected(spec: dict[str, Any]) -> dict[str, Any]:
        keys = ("mixture", "sizes", "seeds", "epochs")
        return {
            "spec": {key: spec[key] for key in ("families", "baseline", "reference", "shifts")},
            "families": {name: {key: member[key] for key in keys} for name, member in spec["members"].items()},
            "ensembles": {name: _without(ensemble, "title") for name, ensemble in spec["ensemble_specs"].items()},
        }

    def _figures(self, figures: dict[str, Any]) -> dict[str, Any]:
        """A figure that names no shifts has a panel for each of its experiment's."""
        experiments = self.specs["experiments"]
        return {
            name: {**spec, "shifts": spec["shifts"] or experiments[spec["experiment"]]["shifts"]}
            for name, spec in figures.items()
        }

    def _titles(self, sections: Iterable[str]) -> dict[str, str]:
        """Display names by slug; where two sections share a slug, the earlier section's title stands."""
        found: dict[str, str] = {}
        for section in sections:
            for name, spec in self.specs[section].items():
                found.setdefault(name, spec["title"])
        return found

    def recorded(self) -> bool:
        """Whether all that figures and tables are made from is there: then they can be redrawn on a machine without the
        data."""
        names = [*self.experiments_of_targets(), "pools"]
        return all(Path(f"{self.root}/records/{name}.csv").is_file() for name in names)

    def source_files(self, section: str, name: str) -> list[str]:
        """The archives that a pool or a shift is read from. A directory is not watched: raise its `version` after a
        change."""
        spec, where = self.specs[section][name], f"{section}.{name}"
        if spec["kind"] == "folder":
            paths = [first_existing(spec["path"], f"{where}.path")]
        elif spec["kind"] == "shards":
            paths = shard_paths(spec["path"], where)
        else:
            paths = []
        return [str(path) for path in paths if path.is_file()]

    def parts(self, pool: str, extension: str = "json") -> list[str]:
        """Receipts of a pool's parts, or the files beside them."""
        return [
            f"{self.root}/pools/{pool}/{part}.{extension}" for part in range(self.specs["pool_specs"][pool]["parts"])
        ]

    def shards(self, pool: str) -> str:
        """Manifest of a pool's shards under its own filter."""
        return f"{self.root}/shards/{pool}/{self.specs['pools'][pool]['filter']}/manifest.json"

    def mixed(self, mixture: str, size: str) -> list[str]:
        """Manifests of the shards that a mixture draws from."""
        entries = self.specs["mixture_specs"][mixture][size]["entries"]
        return [f"{self.root}/shards/{entry['pool']}/{entry['filter']}/manifest.json" for entry in entries]

    def trained_on(self, family: str, size: str) -> str:
        """Manifest of the mixture that a run is trained on."""
        return f"{self.root}/mixtures/{self.specs['families'][family]['mixture']}/{size}/manifest.json"

    def suite(self, suite: str) -> list[str]:
        """Manifests of a suite's shifts."""
        return [self.shift(shift) for shift in self.study.shifts_of(suite)]

    def shift(self, shift: str) -> str:
        """Manifest of a prepared shift."""
        return f"{self.root}/shifts/{shift}/manifest.json"

    def candidates(self, shift: str) -> str:
        """Manifest of the candidates of an adversarial shift."""
        return self.shift(self.specs["shifts"][shift]["candidates"])

    def judged_by(self, shift: str, extension: str = "json") -> str:
        """Evaluation of the candidates of an adversarial shift by its reference model, or the file beside it."""
        model = self.specs["shifts"][shift]["model"]
        return self.evaluation(model["family"], model["size"], model["seed"], model["suite"], extension)

    def evaluation(self, family: str, size: str, seed: int, suite: str, extension: str = "json") -> str:
        """Evaluation of a run on a suite, or its logits (`safetensors`)."""
        return f"{self.root}/evals/{family}/{size}/{seed}/{suite}.{extension}"

    def evaluations(self, experiment: str) -> list[str]:
        """All evaluations of an experiment."""
        suite = self.specs["experiments"][experiment]["suite"]
        return [self.evaluation(*run, suite) for run in self.study.runs(experiment)]

    def figures(self, papers: Iterable[str], extension: str) -> list[str]:
        """The papers' figures."""
        return self._made("figures", papers, extension)

    def tables_of(self, papers: Iterable[str], extension: str) -> list[str]:
        """The papers' tables."""
        return self._made("tables", papers, extension)

    def _made(self, kind: str, papers: Iterable[str], extension: str) -> list[str]:
        return [
            f"{self.root}/papers/{paper}/{name}.{extension}"
            for paper in papers
            for name in self.specs["papers"][paper][kind]
        ]

    def predictions(self, experiment: str) -> list[str]:
        """Logits of the members of an experiment's ensembles."""
        spec, found = self.specs["experiments"][experiment], []
        for name in spec["ensembles"]:
            ensemble = self.specs["ensembles"][name]
            runs = [
                (member, ensemble["size"], seed)
                for seed in self.study.ensemble_seeds(name)
                for member in ensemble["members"]
            ]
            found += [self.evaluation(*run, spec["suite"], "safetensors") for run in runs]
        return list(dict.fromkeys(found))

    def labels(self, pool: str) -> dict[str, Any]:
        """What tables say of a pool beside its counts."""
        return {key: self.specs["pools"][pool][key] for key in ("title", "kind", "licence", "paper_pairs")}

    def pools(self) -> list[str]:
        """Every pool that the targets use."""
        return self.study.pools_of()

    def shifts(self, kinds: Iterable[str] | None = None) -> list[str]:
        """Every declared shift, or those of some kinds."""
        return [name for name, spec in self.specs["shifts"].items() if kinds is None or spec["kind"] in kinds]

    def experiments_of_targets(self) -> list[str]:
        """Every experiment behind the targets' figures and tables, each once."""
        return list(dict.fromkeys(name for paper in self.study.targets() for name in self.study.experiments_of(paper)))


def listings(manifests: Iterable[str]) -> list[str]:
    """The indices beside manifests."""
    return [f"{manifest.removesuffix('manifest.json')}index.parquet" for manifest in manifests]


def _without(spec: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in keys}
