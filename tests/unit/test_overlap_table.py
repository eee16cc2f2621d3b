"""The matrix of what sources and evaluation sets share."""

import importlib
from typing import Any

import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.tables import Table, to_markdown

overlap = importlib.import_module("workflow.scripts.papers.data.tab_01_overlap")
TITLES = {"art": "Art", "photo": "Photo", "sketch": "Sketch", "v2": "Second test"}


def records() -> pd.DataFrame:
    """Two sources of 200 and 50 samples and two evaluation sets; near includes exact."""
    found = []
    for a, of in (("photo", 200), ("art", 50)):
        for b in ("photo", "art", "v2", "sketch"):
            for kind, n in (("exact", 0 if b == "v2" else 2), ("near", 5)):
                if a != b:
                    found.append({"a": a, "b": b, "kind": kind, "n": n, "of": of, "share": n / of})
    return pd.DataFrame(found)


def tabulate(rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return overlap.tabulate(rows, Table("Overlap", TITLES, {"pools": ["photo", "art"], **options}))


def test_sources_come_first_then_sets_in_the_order_of_the_titles() -> None:
    table = tabulate(records())
    assert list(table) == ["Source", "Match", "Samples", "Photo", "Art", "Sketch", "Second test"]
    assert table[["Source", "Match"]].to_numpy().tolist() == [
        *(["Photo", "exact"], ["Photo", "near"], ["Art", "exact"], ["Art", "near"]),
    ]
    assert table["Samples"].tolist() == [200, 200, 50, 50]
    assert table["Photo"].isna().tolist() == [True, True, False, False]
    assert table["Second test"].tolist() == [0, 5, 0, 5]
    assert "| Photo  | exact |     200 |     – |   2 |" in to_markdown(table, Table("t"))


def test_cells_may_be_shares_and_rows_of_one_kind() -> None:
    table = tabulate(records(), cells="share", kinds=["near"])
    assert table["Match"].tolist() == ["near", "near"]
    assert table["Sketch"].tolist() == [2.5, 10.0]
    assert tabulate(records().query("kind == 'exact'"))["Match"].tolist() == ["exact", "exact"]


def test_a_pair_within_one_source_is_shown_where_it_was_compared() -> None:
    own = {"a": "photo", "b": "photo", "kind": "near", "n": 7, "of": 200, "share": 0.035}
    table = tabulate(pd.concat([records(), pd.DataFrame([own])], ignore_index=True))
    assert table["Photo"].isna().tolist() == [True, False, False, False] and table["Photo"][1] == 7


def test_a_source_and_a_set_of_one_title_stay_apart() -> None:
    table = overlap.tabulate(records(), Table("t", {**TITLES, "sketch": "Art"}, {"pools": ["photo", "art"]}))
    assert list(table)[3:] == ["Photo", "Art (art)", "Art (sketch)", "Second test"]


def test_holes_and_impossible_numbers_are_refused() -> None:
    rows = records()
    with pytest.raises(DatalinesError, match="no near row of art with photo, which the table asks for"):
        tabulate(rows[~((rows["a"] == "art") & (rows["b"] == "photo") & (rows["kind"] == "near"))])
    with pytest.raises(DatalinesError, match="no exact row of photo with cartoon"):
        tabulate(rows, pools=["photo", "art", "cartoon"])
    with pytest.raises(CountError, match="250 of 200 samples of photo are in art"):
        tabulate(rows.assign(n=rows["n"].where(rows.index != 0, 250)))
    with pytest.raises(CountError, match=r"counts photo \(exact\) of 200 and 201 samples"):
        tabulate(rows.assign(of=rows["of"].where(rows.index != 0, 201)))
    with pytest.raises(CountError, match="holds photo, art, exact twice"):
        tabulate(pd.concat([rows, rows.iloc[:1]]))
    with pytest.raises(DatalinesError, match=r"options.cells: 'percent' unknown; choose from count, share"):
        tabulate(rows, cells="percent")
