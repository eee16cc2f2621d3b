"""What became of every item: reasons in order, shares, checked sums, names of stand-ins."""

import importlib
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.attrition import leading, pool_rows, reasons, share_text
from datalines.errors import CountError, DatalinesError
from datalines.tables import Table, to_latex, to_markdown
from tests.unit.test_tables import TABLE, pools

losses = importlib.import_module("workflow.scripts.papers.qnq.tab_02_attrition")


def test_reasons_are_ordered_by_count_and_then_by_name() -> None:
    cell = json.dumps({"timeout": 5, "http_404": 40, "connect_failed": 5, "http_410": 0})
    assert list(reasons(cell).items()) == [("http_404", 40), ("connect_failed", 5), ("timeout", 5)]
    assert reasons(float("nan")) == reasons("{}") == {}


def test_leading_reasons_name_a_few_and_add_up_the_rest() -> None:
    counts = {"http_404": 81, "timeout": 30, "dns_failed": 4, "tls_failed": 3, "throttled": 2}
    assert leading(counts, 1000) == "http_404 8.1 %, timeout 3.0 %, dns_failed 0.4 %, 2 others 0.5 %"
    assert leading(dict(list(counts.items())[:4]), 1000).endswith("tls_failed 0.3 %")
    assert leading(counts, 1000, most=1) == "http_404 8.1 %, 4 others 3.9 %"
    assert leading({}, 1000) == "–"


@pytest.mark.parametrize(("n", "text"), [(0, "0.0 %"), (1, "<0.1 %"), (50, "0.1 %"), (100_000, "100.0 %")])
def test_a_small_share_is_never_shown_as_nothing(n: int, text: str) -> None:
    assert share_text(n, 100_000) == text


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10**6), min_size=1), st.integers(1, 9))
def test_every_reason_is_named_or_counted_among_the_others(counts: dict[str, int], most: int) -> None:
    ordered = reasons(json.dumps(counts))
    entries = leading(ordered, sum(counts.values()), most).split(", ")
    others = int(entries[-1].split(" ")[0]) if "others" in entries[-1] else 0
    assert len(entries) - bool(others) + others == len(counts)
    assert others != 1


def test_a_stand_in_is_named_with_what_it_stands_for() -> None:
    table = Table("t", {"art": "Re-LAION", "laion400m": "LAION-400M"}, {"pools": ["photo", "art"]})
    rows = pools().assign(substitutes=["laion400m", None])
    assert pool_rows(rows, table)["source"].tolist() == ["x", "Re-LAION (for LAION-400M)"]


def test_losses_are_shares_of_what_they_were_lost_from() -> None:
    table = losses.tabulate(pools(), TABLE)
    assert table["Source"].tolist() == ["Photo", "Art_1"]
    assert table["Stored (%)"].tolist() == pytest.approx([100 * 1100 / 1200] * 2)
    assert table["Kept (%)"].tolist() == pytest.approx([100 * 1000 / 1100] * 2)
    assert table["Failures"].tolist() == ["404 5.0 %, timeout 3.3 %"] * 2
    assert table["Dropped for"].tolist() == ["small 9.1 %"] * 2
    assert r"timeout 3.3 \%" in to_latex(table, TABLE) and "404 5.0 %" in to_markdown(table, TABLE)


def test_numbers_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(CountError, match=r"pool photo: stored is 1100 but kept \+ dropped is 1099"):
        losses.tabulate(pools(kept=999), TABLE)
    with pytest.raises(DatalinesError, match=r"no row of pool\(s\) cartoon"):
        pool_rows(pools(), Table("t", {}, {"pools": ["cartoon"]}))
    assert list(pool_rows(pd.concat([pools()]), Table("t", {}))["pool"]) == ["art", "photo"]
