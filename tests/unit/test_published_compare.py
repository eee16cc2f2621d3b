"""Published against recomputed numbers: verdicts by the printed digits, and what may not be left unsaid."""

import io
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.published.compare import DIFFERS, EQUAL, IMPOSSIBLE, ROUNDING, TITLES, compare
from datalines.published.reading import PublishedError

REASON = "the file was rounded before"
KEY = ("Table 1", "a")


def one(published: str, value: float | None, reason: str = REASON) -> pd.Series:
    cells = pd.DataFrame({"item": ["Table 1"], "cell": ["a"], "published": [published], "reason": [reason]})
    return compare(cells, {KEY: value}).iloc[0]


@pytest.mark.parametrize(
    ("published", "value", "verdict"),
    [
        (".424", 0.4244, EQUAL),
        (".424", 0.4235, EQUAL),  # half-even and half-up
        (".425", 0.4245, EQUAL),  # half-up alone
        (".424", 0.4245, EQUAL),  # half-even alone
        (".424", 0.42451, ROUNDING),
        (".424", 0.425, ROUNDING),
        (".424", 0.42501, DIFFERS),
        (".870", 0.8704, EQUAL),
        (".870", 0.874, DIFFERS),
        (".87", 0.874, EQUAL),
        ("87", 86.5, EQUAL),
        ("-0.5", -0.549, EQUAL),
        ("−0.5", -0.5, EQUAL),
        ("12,600,000", 12_600_000, EQUAL),
        ("12,600,000", 12_600_001, ROUNDING),
        ("12,600,000", 12_600_002, DIFFERS),
        ("1e-5", 1.4e-5, EQUAL),
        ("0.3", 0.1 + 0.2, EQUAL),
        (".4245", sum([0.4245] * 10) / 10, EQUAL),
        ("0", 0, EQUAL),
        ("1.000", np.float64(1), EQUAL),
    ],
)
def test_verdicts_go_by_the_printed_digits(published: str, value: float, verdict: str) -> None:
    row = one(published, value)
    assert (row["verdict"], row["published"], row["recomputed"]) == (verdict, published, float(value))


def test_a_comparison_keeps_order_reasons_and_cells_without_a_number() -> None:
    text = "item,cell,published,reason\nTable 2,x,.50,\nTable 1,a,.424,seen\nTable 1,b,3.0,not in the file\n"
    cells = pd.read_csv(io.StringIO(text), dtype={"published": str})
    found = compare(cells, {KEY: 0.3, ("Table 2", "x"): 0.501})
    assert list(found) == list(TITLES)
    assert found["cell"].tolist() == ["x", "a", "b"]
    assert found["verdict"].tolist() == [EQUAL, DIFFERS, IMPOSSIBLE]
    assert found["reason"].tolist() == ["", "seen", "not in the file"]
    assert found["difference"].iloc[:2].tolist() == [0.001, -0.124]
    assert math.isnan(found["recomputed"].iloc[2])
    assert math.isnan(found["difference"].iloc[2])
    assert one("3.0", None)["verdict"] == IMPOSSIBLE


@settings(max_examples=40)
@given(st.integers(-(10**12), 10**12), st.integers(0, 8))
def test_a_printed_number_equals_itself_and_no_number_two_units_away(digits: int, places: int) -> None:
    printed = Decimal(digits).scaleb(-places)
    unit = Decimal(1).scaleb(-places)
    assert one(f"{printed:f}", float(printed))["verdict"] == EQUAL
    assert one(f"{printed:f}", float(printed + unit))["verdict"] == ROUNDING
    assert one(f"{printed:f}", float(printed - 2 * unit))["verdict"] == DIFFERS


@pytest.mark.parametrize("published", ["", "nan", "inf", "1.2M", "39 %", "–", "x"])
def test_a_published_text_must_be_a_number(published: str) -> None:
    with pytest.raises(PublishedError, match=r"'Table 1', 'a': published .* is no number; write its digits"):
        one(published, 0.4)


@pytest.mark.parametrize("value", [0.5, None])
def test_a_difference_and_a_missing_number_need_a_reason(value: float | None) -> None:
    with pytest.raises(PublishedError, match=r"'Table 1', 'a' (differs|cannot be recomputed here).*say why in column"):
        one(".424", value, reason="")
    assert one(".424", 0.4241, reason="")["verdict"] == EQUAL
    assert one(".424", 0.4248, reason="")["verdict"] == ROUNDING


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_recomputed_number_is_finite(value: float) -> None:
    with pytest.raises(PublishedError, match="leave it out, or give None"):
        one(".424", value)


def test_keys_must_match_and_be_unique() -> None:
    cells = pd.DataFrame({"item": ["Table 1"], "cell": ["a, val"], "published": ["1"], "reason": [""]})
    with pytest.raises(PublishedError, match=r"'Table 1', 'a val' is no cell of the document.*'Table 1 \| a, val'"):
        compare(cells, {("Table 1", "a val"): 1.0})
    with pytest.raises(PublishedError, match="'Table 1', 'a, val' comes twice; keep one row"):
        compare(pd.concat([cells, cells]), {})
    with pytest.raises(PublishedError, match="column 'reason' is missing"):
        compare(cells.drop(columns="reason"), {})


def test_printed_digits_are_not_lost_on_the_way() -> None:
    cells = pd.read_csv(io.StringIO("item,cell,published,reason\nTable 1,a,.870,\n"))
    with pytest.raises(PublishedError, match="read as numbers, so the printed digits are lost"):
        compare(cells, {})
