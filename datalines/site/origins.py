"""Pages of sources: licence and terms, attrition, statistics, a sheet of samples, overlap with other sets."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from datalines.audit.results import Receipt
from datalines.site.cells import Cell, Line, Subjects
from datalines.site.jobs import ChainStep, Link, chain
from datalines.site.lineage import of_rule, steps

MEASURES = ("characters", "words", "width", "height", "bytes")
QUANTILES = {"5 %": 0.05, "Median": 0.5, "95 %": 0.95}
DATA_RULES = (
    *("read_list", "download_pool", "fetch_pool", "hash_part", "score_part", "filter_pool", "write_shards"),
    *("collect_pools", "collect_statistics", "collect_samples", "collect_overlap"),
)


@dataclass(frozen=True)
class Sample:
    """A picture with its caption; `image` is the picture itself as an address."""

    image: Markup
    text: str


@dataclass(frozen=True)
class SourcePage:
    """A source as its page shows it; what a study has not measured is empty."""

    terms: dict[str, str]
    attrition: list[Line]
    statistics_head: list[str]
    statistics: list[Line]
    statistics_numeric: list[bool]
    measured: int
    samples: list[Sample]
    total: int
    overlap: list[Line]
    distance: int
    families: list[Link]
    chain: list[ChainStep]


class Origins:
    """The study's tables of sources, as far as it has them."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], receipts: list[Receipt], titles: Mapping[str, str]) -> None:
        """`tables` are records by name: pools, statistics, samples, overlap; `titles` display names of all sets."""
        self._tables, self._receipts, self._titles = tables, receipts, titles

    def page(
        self, name: str, card: Mapping[str, Any], distance: int, subjects: Subjects, families: list[Link]
    ) -> SourcePage:
        """A source's page: `card` is what the configuration says of it, `distance` how near hashes of images count."""
        statistics = self._of("statistics", pool=name)
        samples = self._of("samples", kind="pool", name=name, of="")
        return SourcePage(
            terms=terms(card),
            attrition=attrition(self._of("pools", pool=name)),
            statistics_head=["", "Mean", "SD", "Least", *QUANTILES, "Most"],
            statistics=[summary(measure, statistics[measure]) for measure in MEASURES if len(statistics)],
            statistics_numeric=[False, *[True] * (4 + len(QUANTILES))],
            measured=len(statistics),
            samples=[Sample(_address(row["png"]), row["text"]) for row in _rows(samples)],
            total=int(samples["total"].iloc[0]) if len(samples) else 0,
            overlap=[_overlap(row, subjects, self._titles) for row in self._overlaps(name)],
            distance=distance,
            families=families,
            chain=chain(steps(self._jobs(name))),
        )

    def _of(self, table: str, **values: str) -> pd.DataFrame:
        frame = self._tables.get(table, pd.DataFrame())
        for column, value in values.items() if len(frame) else ():
            frame = frame[frame[column] == value]
        return frame

    def _overlaps(self, name: str) -> list[dict[str, Any]]:
        """Rows on this source; one that is kept by several filters stands there as `pool/filter`."""
        frame = self._of("overlap")
        own = frame[frame["a"].str.split("/").str[0] == name] if len(frame) else frame
        return _rows(own)

    def _jobs(self, name: str) -> list[Receipt]:
        """The jobs on this source, and those that count all sources."""
        found = of_rule(self._receipts, *DATA_RULES)
        return [job for job in found if job.wildcards.get("pool", name) == name]


def terms(card: Mapping[str, Any]) -> dict[str, str]:
    """Licence, terms and state of a source, and which card says so."""
    own = {"kind": card["kind"], "version": card["version"], "filter": card["filter"], "licence": card["licence"]}
    said = card["card"] or {}
    named = {
        "source": card["source"],
        "title of the source": said.get("title"),
        "licence of the source": said.get("licence"),
    }
    rest = {key.replace("_", " "): value for key, value in said.items() if key not in ("title", "licence")}
    return {key: str(value) for key, value in {**own, **named, **rest}.items() if value not in (None, "")}


def attrition(counts: pd.DataFrame) -> list[Line]:
    """Every step from what was requested to what each filter kept, with counts and shares of the requested."""
    return [line for row in _rows(counts) for line in _steps_of(row)]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _steps_of(row: Mapping[str, Any]) -> list[Line]:
    requested = int(row["requested"])
    counted = [
        *([("rows of the list", row["list_rows"])] if pd.notna(row["list_rows"]) else []),
        *((f"not selected: {reason}", count) for reason, count in json.loads(row["not_selected"]).items()),
        *([("not in the sample", row["not_sampled"])] if pd.notna(row["not_sampled"]) else []),
        ("requested", requested),
        *((f"failed: {status}", count) for status, count in json.loads(row["failed"]).items()),
        ("stored", row["stored"]),
        *((f"dropped by filter {row['filter']}: {why}", count) for why, count in json.loads(row["dropped"]).items()),
        (f"kept by filter {row['filter']}", row["kept"]),
    ]
    return [
        Line([Cell(step), Cell(f"{int(count):,}"), Cell(f"{100 * count / requested:.2f} %" if requested else "")], "")
        for step, count in counted
    ]


def summary(measure: str, values: pd.Series) -> Line:
    """Mean, spread and quantiles of one measure."""
    numbers = [values.mean(), values.std(), values.min(), *values.quantile(list(QUANTILES.values())), values.max()]
    return Line([Cell(measure), *(Cell(f"{number:,.4g}") for number in numbers)], "")


def _overlap(row: Mapping[str, Any], subjects: Subjects, titles: Mapping[str, str]) -> Line:
    cells = [Cell(titles.get(row["b"], row["b"]), subjects.page(row["b"])), Cell(row["kind"])]
    return Line([*cells, Cell(f"{row['n']:,}"), Cell(f"{row['of']:,}"), Cell(f"{100 * row['share']:.3f} %")], "")


def _address(png: bytes) -> Markup:
    return Markup("data:image/png;base64," + base64.b64encode(png).decode("ascii"))
