"""Tables as csv, LaTeX and Markdown, and the table of sources."""

import importlib
import json
from pathlib import Path

import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.tables import Table, escape_latex, save_table, show, to_latex, to_markdown

sources = importlib.import_module("workflow.scripts.papers.qnq.tab_01_sources")
TABLE = Table("Sources & sizes", {"photo": "Photo", "art": "Art_1"}, {"notes": ["100 % synthetic"]})


def pools(**changes: object) -> pd.DataFrame:
    base = {"title": "x", "kind": "testbed", "requested": 1200, "stored": 1100, "filter": "all", "kept": 1000}
    base |= {"failed": json.dumps({"404": 60, "timeout": 40}), "dropped": json.dumps({"small": 100}), "shards": 2}
    base |= {"substitutes": None, "list_rows": None, "caption_words_sd": 2.5}
    base |= {"bytes": 9, "caption_words_mean": 7.25, "width_median": 48.0, "height_median": 32.0, "aspect_median": 1.5}
    rows = [{"pool": "art", **base, "paper_pairs": None}, {"pool": "photo", **base, "paper_pairs": 15_000_000}]
    return pd.DataFrame(rows).assign(**changes)


def test_cells_are_shown_in_one_way() -> None:
    assert [show(value) for value in (1234567, 0.125, 2.0, "a", None, float("nan"), pd.NA, True)] == [
        *("1,234,567", "0.1", "2.0", "a", "–", "–", "–", "yes"),
    ]


def test_latex_escapes_and_aligns() -> None:
    assert escape_latex(r"50 % of $x_1 \ {y}~^#&") == (
        r"50 \% of \$x\_1 \textbackslash{} \{y\}\textasciitilde{}\textasciicircum{}\#\&"
    )
    text = to_latex(pd.DataFrame({"Source": ["a_b"], "Pairs": [1200]}), TABLE)
    assert r"\begin{tabular}{lr}" in text and r"a\_b & 1,200 \\" in text
    assert r"\caption{Sources \& sizes}" in text and r"100 \% synthetic" in text
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")


def test_latex_wraps_columns_of_sentences() -> None:
    frame = pd.DataFrame(
        {"cell": ["a", "b"], "reason": ["short", "a sentence that goes on for longer than a line of a table has room"]}
    )
    assert r"\begin{tabular}{lp{0.3\linewidth}}" in to_latex(frame, Table("T"))


def test_markdown_columns_are_even() -> None:
    text = to_markdown(pd.DataFrame({"Source": ["a|b", "long name"], "Pairs": [1, 1200]}), TABLE)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1
    assert lines[1].endswith("----: |") and "a\\|b" in lines[2]


def test_table_of_sources() -> None:
    table = sources.tabulate(pools(), TABLE)
    assert list(table["Source"]) == ["Photo", "Art_1"]  # in the order of the titles
    assert list(table["Failed"]) == [100, 100] and list(table["Dropped"]) == [100, 100]
    assert table["Paper's pairs"].tolist()[0] == 15_000_000 and table["Paper's pairs"].isna().tolist() == [False, True]
    assert table["Obtained (%)"].isna().all()  # a synthetic source holds none of the paper's pairs
    fetched = sources.tabulate(pools(kind="urls"), TABLE)["Obtained (%)"]
    assert fetched[0] == pytest.approx(100 * 1100 / 15_000_000) and pd.isna(fetched[1])
    assert (table["Words a caption"][0], table["SD of words"][0], table["Median width"][0]) == (7.25, 2.5, 48)
    assert table["List rows"].isna().all()
    listed = sources.tabulate(pools(list_rows=[None, 1500]), TABLE)
    assert to_markdown(listed, TABLE).count("1,500") == 1 and listed["List rows"].tolist()[0] == 1500
    short = sources.tabulate(pools(), Table("t", {}, {"pools": ["art"], "columns": ["source", "stored"]}))
    assert list(short) == ["Source", "Stored"] and len(short) == 1


def test_table_of_sources_refuses_numbers_that_do_not_add_up() -> None:
    with pytest.raises(CountError, match=r"pool photo: requested is 1300 but stored \+ failed is 1200"):
        sources.tabulate(pools(requested=1300), TABLE)
    with pytest.raises(DatalinesError, match=r"no row of pool\(s\) cartoon"):
        sources.tabulate(pools(), Table("t", {}, {"pools": ["cartoon"]}))
    with pytest.raises(DatalinesError, match="weight unknown"):
        sources.tabulate(pools(), Table("t", {}, {"columns": ["weight"]}))


def test_saved_bytes_are_equal_and_the_csv_reads_back(tmp_path: Path) -> None:
    table = sources.tabulate(pools(), TABLE)
    first, second = (save_table(table, TABLE, tmp_path / stem) for stem in ("a", "b"))
    assert [path.suffix for path in first] == [".csv", ".tex", ".md"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert pd.read_csv(first[0])["Stored"].tolist() == [1100, 1100]
