"""Where models' evaluations, tables, figures and published results are, and what each of them is made from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datalines.config.published import WITH_LINES, ManyFiles, Transcribed, published_downloads
from datalines.datapaths import DataPaths
from datalines.fetch.mirror import DOWNLOADS, downloaded, place

WHOLE = {"counts": "pools", "overlap": "overlap"}
"""The table of records that a table of pools shows, by its `rows`."""


class RecordPaths(DataPaths):
    """The part of the workflow's view of a study that lies behind its mixtures, and the files of published results."""

    def experiments_of_targets(self) -> list[str]:
        """Every experiment behind the targets' figures and tables, each once."""
        return list(dict.fromkeys(name for paper in self.study.targets() for name in self.study.experiments_of(paper)))

    def trained_on(self, family: str, size: str) -> str:
        """Manifest of the mixture that a run is trained on."""
        return f"{self.root}/mixtures/{self.specs['families'][family]['mixture']}/{size}/manifest.json"

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

    def predictions(self, experiment: str) -> list[str]:
        """Logits of the members of an experiment's ensembles."""
        spec, found = self.specs["experiments"][experiment], []
        for name in spec["ensembles"]:
            ensemble = self.specs["ensembles"][name]
            runs = [
                (member, size, seed)
                for size in ensemble["sizes"]
                for seed in self.study.ensemble_seeds(name)
                for member in ensemble["members"]
            ]
            found += [self.evaluation(*run, spec["suite"], "safetensors") for run in runs]
        return list(dict.fromkeys(found))

    def table(self, name: str) -> str:
        """The csv of a table by its name, such as `records/sources` or `theory/mixing`; one that was typed in from a
        document is part of this repository."""
        return self._typed_in(name) or f"{self.root}/{name}.csv"

    def _typed_in(self, name: str) -> str:
        """The file of a published table that was typed in; empty for all other tables."""
        source, entry = name.split("/")
        spec = self.study.published.get(entry) if source == "published" else None
        return spec.path if isinstance(spec, Transcribed) else ""

    @staticmethod
    def tables_shown(part: dict[str, Any]) -> list[str]:
        """Names of the tables that a figure or table is made from, without those of pools' samples."""
        if part["tables"]:
            return list(part["tables"])
        if part["experiment"]:
            kinds = ("records", "fits") if "shifts" in part else ("records",)
            return [f"{kind}/{part['experiment']}" for kind in kinds]
        if "rows" in part:
            return [f"records/{WHOLE[part['rows']]}"]
        return ["records/statistics"]

    def _parts(self) -> list[dict[str, Any]]:
        """Specs of all figures and tables of the targets."""
        papers = [self.specs["papers"][paper] for paper in self.study.targets()]
        return [part for paper in papers for kind in ("figures", "tables") for part in paper[kind].values()]

    def counts(self) -> list[str]:
        """The counts of all pools, where the targets have any."""
        return [self.table("records/pools")] if self.pools() else []

    def samples(self) -> str:
        """Collected samples of pools and evaluation sets."""
        return f"{self.root}/records/samples.parquet"

    def published_baseline(self, experiment: str) -> list[str]:
        """The published results that an experiment has as its baseline, if any."""
        base = self.specs["experiments"][experiment]["published"]
        return [self.table(f"published/{base['name']}")] if base else []

    def claimed_tables(self, paper: str) -> list[str]:
        """Records and simulations that a paper's claims are judged by."""
        claims = self.specs["papers"][paper]["claims"].values()
        names = [f"records/{c['experiment']}" if c["experiment"] else f"theory/{c['theory']}" for c in claims]
        return [self.table(name) for name in dict.fromkeys(names)]

    def ledgers(self, papers: Iterable[str], extension: str) -> list[str]:
        """The papers' ledgers of claims."""
        return [
            f"{self.root}/papers/{paper}/claims.{extension}"
            for paper in papers
            if self.specs["papers"][paper]["claims"]
        ]

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

    def downloads(self) -> dict[str, dict[str, Any]]:
        """{place below results/downloads: url, bytes, sha256, key} of every file that pools and shifts name by its
        address, and of published results that are one file."""
        found = {
            str(place(wanted["url"])): wanted for wanted in self.study.downloads(self.study.pools, self.study.shifts)
        }
        bundled = {str(Path(path).relative_to(DOWNLOADS)) for files in self.bundles().values() for path in files}
        return {name: wanted for name, wanted in found.items() if name not in bundled}

    def bundles(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{entry: {path: url, bytes, sha256, key}} of published results that are several files, each file once."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        taken: set[str] = set()
        for name, entry in self.study.published.items():
            if isinstance(entry, ManyFiles):
                files = dict(zip(self.published_files(name), self.published_wanted(name), strict=True))
                found[name] = {path: wanted for path, wanted in files.items() if path not in taken}
                taken |= set(files)
        return {name: files for name, files in found.items() if files}

    def published_wanted(self, name: str) -> list[dict[str, Any]]:
        """{url, bytes, sha256, key} of the files that are obtained for an entry of published results."""
        return published_downloads(self.study.published, [name])

    def published_read(self) -> list[str]:
        """Entries of published results whose files are obtained and read; those typed in are tables as they are."""
        return [name for name, entry in self.study.published.items() if not isinstance(entry, Transcribed)]

    def published_files(self, name: str) -> list[str]:
        """The files behind an entry of published results, where they are obtained."""
        return [str(downloaded(wanted["url"])) for wanted in self.published_wanted(name)]

    def published_with_lines(self) -> list[str]:
        """Entries of published results whose standard models lines are fitted through."""
        return [name for name, entry in self.study.published.items() if entry.kind in WITH_LINES]
