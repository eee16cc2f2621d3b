"""Pages of families: every run's accuracies, and the way from them to predictions, weights, mixture and sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from datalines.audit.results import Artifact, Receipt
from datalines.site.cells import Cell, Line, run_anchor
from datalines.site.jobs import FileRow, Link, file_link
from datalines.site.lineage import Lineage, job_page, job_title, of_rule

RUN = ["size", "seed"]
SOURCES = ("download_pool", "fetch_pool", "read_list", "filter_pool", "write_shards")


@dataclass(frozen=True)
class RunStep:
    """One station between an accuracy and the sources: the job, its files with digests, links."""

    title: str
    receipt: str = ""
    job: Link | None = None
    files: list[FileRow] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """One training run, or one combination of an ensemble: accuracies by epoch and set, and the chain behind them."""

    anchor: str
    title: str
    head: list[str]
    lines: list[Line]
    numeric: list[bool]
    steps: list[RunStep]


@dataclass(frozen=True)
class FamilyPage:
    """A family as its page shows it."""

    sentence: str
    experiments: list[Link]
    runs: list[Run]


def family_page(name: str) -> str:
    """File name of a family's page."""
    return f"family-{name}.html"


def source_page(name: str) -> str:
    """File name of a source's page."""
    return f"source-{name}.html"


class Families:
    """Families and ensembles of the study's records, with the receipts behind the report."""

    def __init__(
        self,
        records: Mapping[str, pd.DataFrame],
        titles: Mapping[str, str],
        pools: Mapping[str, Any],
        lineage: Lineage,
        receipts: Sequence[Receipt],
        named: Mapping[str, Sequence[Artifact]],
    ) -> None:
        """`records` are those of every experiment, `pools` the cards of sources by name, `named` the files
        that manifests vouch for, by receipt."""
        rows = [frame.assign(of=name) for name, frame in records.items()]
        self._records = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=["family", "of"])
        self._titles, self._pools, self._lineage = titles, pools, lineage
        self._receipts, self._named = receipts, named
        self._rows = {str(name): group for name, group in self._records.groupby("family", sort=False)}
        self.names = list(self._rows)

    def page(self, name: str, experiments: Mapping[str, Link]) -> FamilyPage:
        """A family's page; `experiments` are the pages of experiments by name."""
        rows = self._rows[name]
        kind = str(rows["kind"].iloc[0])
        words = {"model": "A family of trained models", "ensemble": "An ensemble: outputs of families, mixed"}
        mixtures = sorted(rows["mixture"].dropna().unique())
        text = words.get(kind, "Published models, read from tables of others")
        sentence = f"{text}{f', trained on mixture {mixtures[0]}' if len(mixtures) == 1 and mixtures[0] else ''}."
        drawn = [link for of, link in experiments.items() if of in set(rows["of"])]
        keyed = rows.assign(size=rows["size"].fillna(""), seed=rows["seed"].astype("Int64"))
        runs = keyed.groupby(RUN, sort=False, dropna=False)
        return FamilyPage(sentence, drawn, [self._run(name, kind, key, group) for key, group in runs])

    def _run(self, name: str, kind: str, key: Any, rows: pd.DataFrame) -> Run:
        size, seed = str(key[0]), "" if pd.isna(key[1]) else str(key[1])
        title = ", ".join([*([f"Size {size}"] if size else []), *([f"seed {seed}"] if seed else [])]) or "All"
        head, lines, numeric = self._accuracies(rows)
        mixed = kind == "ensemble"
        steps = self._members(name) if mixed else self._steps(family=name, size=size, seed=seed)
        return Run(run_anchor(size, seed), title, head, lines, numeric, steps)

    def _accuracies(self, rows: pd.DataFrame) -> tuple[list[str], list[Line], list[bool]]:
        """Epochs (and weights of ensembles) down, sets across: top-1 accuracy in percent, of how many images."""
        keys = [key for key in ("epoch", "weight") if rows[key].notna().any()]
        single = rows.drop_duplicates([*keys, "shift"])
        sets = list(dict.fromkeys(single["shift"]))
        head = [*keys, *(f"{self._titles.get(one, one)}, %" for one in sets)]
        groups = single.groupby(keys, sort=True) if keys else [((), single)]
        lines = []
        for values, group in groups:
            top1 = {row["shift"]: f"{100 * row['top1']:.2f} (n {row['n']:.0f})" for row in group.to_dict("records")}
            cells = [*(f"{value:g}" for value in values), *(top1.get(one, "") for one in sets)]
            lines.append(Line([Cell(cell) for cell in cells], ""))
        return head, lines, [True] * len(head)

    def _members(self, name: str) -> list[RunStep]:
        collected = [
            job.params.get("ensembles", {}).get(name, {}) for job in of_rule(self._receipts, "collect_records")
        ]
        members: list[str] = next((spec["members"] for spec in collected if spec), [])
        links = [Link(family_page(one), self._titles.get(one, one)) for one in members if one in self._rows]
        return [RunStep("Members, whose predictions were mixed", links=links)] if links else []

    def _steps(self, **run: str) -> list[RunStep]:
        trained = list(of_rule(self._receipts, "train_model", **run))
        evaluated = list(of_rule(self._receipts, "evaluate_run", **run))
        steps = [self._step("Predictions", job) for job in evaluated]
        for job in trained:
            steps.append(self._step("Weights", job))
            upstream = self._lineage.behind(job.inputs)
            steps += [self._step("Mixture", mixed) for mixed in of_rule(upstream, "mix_shards")]
            pools = dict.fromkeys(one.wildcards.get("pool", "") for one in of_rule(upstream, *SOURCES))
            links = [
                Link(source_page(pool), self._pools[pool]["title"]) for pool in sorted(pools) if pool in self._pools
            ]
            steps += [RunStep("Sources", links=links)] if links else []
        return steps

    def _step(self, title: str, job: Receipt) -> RunStep:
        files = [FileRow(path, entry["sha256"], file_link(path)) for path, entry in job.outputs.items()]
        if job.rule == "train_model":
            files += [FileRow(artifact.path, artifact.sha256) for artifact in self._named.get(job.path, [])]
        return RunStep(title, job.path, Link(job_page(job), job_title(job)), files)

    def trained_on(self, pool: str) -> list[Link]:
        """Families with a run whose mixture holds samples of a pool."""
        found = dict.fromkeys(
            job.wildcards["family"]
            for job in of_rule(self._receipts, "train_model")
            if any(one.wildcards.get("pool") == pool for one in of_rule(self._lineage.behind(job.inputs), *SOURCES))
        )
        return [Link(family_page(name), self._titles.get(name, name)) for name in found if name in self._rows]
