"""What the Indicators paper leaves open, and where it and other sources disagree: what it says, what data and code
show, and what datalines does. Measured is the number that the published tables give, where the finding turns on one."""

import pandas as pd

from datalines.published.indicators import ALL_OI100, LARGEST_KEPT, agreement, cell, gain_share, two_runs
from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

COLUMNS = {
    "finding": "Finding",
    "where": "Where",
    "says": "What is said",
    "evidence": "What data or code show",
    "measured": "Measured",
    "done": "What datalines does",
}
PAPER = [f"published/indicators-tab-0{number}" for number in (1, 2, 3)]
JANUS = [f"published/janus-tab-0{number}" for number in (1, 4, 9)]
TRUNCATED = 9
"""Row of Table 3: OI100 with its largest classes truncated."""


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per finding."""
    table_options(table, {})
    findings = table_named(tables, "published/indicators-findings", table.title)
    needed = [*PAPER, *JANUS, "published/vlhub-models"]
    numbers = measured({name: table_named(tables, name, table.title) for name in needed})
    unknown = sorted(set(numbers) - set(findings["finding"]))
    if unknown:
        raise PublishedError(f"{table.title!r}: no finding {', '.join(unknown)} in indicators-findings; add its row")
    return findings.assign(measured=findings["finding"].map(numbers))[list(COLUMNS)].rename(columns=COLUMNS)


def measured(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """{finding: its number}, percent or points as the finding says."""
    models, sources, blends = (tables[name] for name in PAPER)
    sets, budgets, janus = (tables[name] for name in JANUS)
    further = {name: [_only(sources, "source", name, column) for column in ("val", "average")]
               for name in ("OpenImages", "ImageNet")}  # fmt: skip
    whole = cell(blends, ALL_OI100, "val")
    part = cell(blends, ALL_OI100, "size") / cell(blends, LARGEST_KEPT, "size")
    hub_average = _only(tables["published/vlhub-models"], "model", "resnetv2_50x1_bitm", "in100_average")
    return {
        "gain-share": gain_share(blends, "average"),
        "rank-order": agreement(blends["long_tail_500"], blends["val"], larger_is_better=False).spearman,
        "slightly": cell(blends, LARGEST_KEPT, "val") - whole,
        "truncation": cell(blends, TRUNCATED, "val") - whole,
        "run-to-run": float(two_runs(blends, janus)["difference"].abs().max()),
        "openimages-better": further["OpenImages"][1] - further["ImageNet"][1],
        "imagenet-twice": further["ImageNet"][0] - 100 * _only(budgets, "data", "IN1k", "rn50_val"),
        "vlhub-rows": cell(models, 1, "average") - 100 * hub_average,
        "class-counts": part * cell(blends, ALL_OI100, "left_skew"),
        "sizes": _only(sets, "data", "oi100", "released_rows"),
    }


def _only(rows: pd.DataFrame, key: str, value: str, column: str) -> float:
    found = rows.loc[rows[key] == value, column]
    if len(found) != 1:
        raise PublishedError(f"{len(found)} rows have {key} {value!r}, and one is needed for column {column!r}")
    return float(found.iloc[0])
