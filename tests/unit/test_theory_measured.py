"""The theory beside measured slopes: a known ratio is found, with an interval that holds it."""

import numpy as np
import pandas as pd
import pytest

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, PlainFigure
from datalines.theory.laws import generator
from datalines.theory.measured import fit_interpolation
from datalines.theory.mixing import slope_weight
from workflow.scripts.papers.qnq.thm_04_measured import draw

SHARES = {"yfcc": 1.0, "most": 0.8, "half": 0.5, "some": 0.2, "laion": 0.0}
ENDS = {"v2": (0.95, 0.9), "r": (0.6, 1.0), "sketch": (0.5, 1.1)}
ERROR = 0.02


def slopes(ratio: float, seed: int, error: float = ERROR, noise: float = 1.0) -> pd.DataFrame:
    """Slopes of five families on three shifts, `noise` times their stated error off the theory's curve."""
    rng = generator("measured", ratio, seed)
    rows = []
    for shift, (first, second) in ENDS.items():
        for family, share in SHARES.items():
            weight = float(slope_weight(share, ratio))
            slope = weight * first + (1 - weight) * second + noise * error * rng.standard_normal()
            rows.append({"shift": shift, "family": family, "share": share, "slope": slope, "se": error})
    return pd.DataFrame(rows)


def fits(rows: pd.DataFrame) -> pd.DataFrame:
    """A table of fits with these slopes, and rows of another axis and kind that must not count."""
    table = rows.assign(kind="model", axis="probit", n=24, slope_low=rows["slope"] - 1.96 * rows["se"])
    table = table.assign(slope_high=table["slope"] + 1.96 * table["se"]).drop(columns=["share", "se"])
    others = [table.assign(axis="logit", slope=9.0), table.assign(kind="ensemble", slope=9.0)]
    return pd.concat([table, *others], ignore_index=True)


def drawn(rows: pd.DataFrame, **options: object) -> Drawing:
    titles = {"yfcc": "YFCC", "laion": "LAION", "r": "Renditions"}
    return draw({"fits/ratio-sweep": fits(rows)}, PlainFigure("Toy", titles, {"shares": SHARES} | options))


@pytest.mark.parametrize("ratio", [0.2, 1.0, 6.0])
def test_slopes_without_noise_give_the_ratio_and_the_ends_back(ratio: float) -> None:
    fit = fit_interpolation(slopes(ratio, 0, noise=0.0))
    assert fit.ratio == pytest.approx(ratio, rel=1e-3) and fit.misfit < 1e-6 and fit.dof == 15 - 6 - 1
    assert fit.low < ratio < fit.high and fit.straight >= fit.misfit - 1e-9
    for shift, ends in ENDS.items():
        assert fit.curve(shift, np.array([1.0, 0.0])) == pytest.approx(ends, abs=1e-4)
        assert fit.curve(shift, np.array([1.0, 0.5, 0.0]), 3)[1] == pytest.approx(np.mean(fit.ends[shift][3]))


def test_the_interval_holds_the_ratio_about_as_often_as_it_says() -> None:
    found = [fit_interpolation(slopes(2.0, seed)) for seed in range(60)]
    held = np.mean([fit.low <= 2.0 <= fit.high for fit in found])
    assert held >= 0.88
    assert np.isclose(np.mean([fit.misfit for fit in found]), found[0].dof, rtol=0.25)
    assert np.median([fit.high / fit.low for fit in found]) < 3


def test_errors_that_are_too_small_widen_the_interval() -> None:
    honest, bold = fit_interpolation(slopes(2.0, 7)), fit_interpolation(slopes(2.0, 7).assign(se=ERROR / 10))
    assert bold.misfit > 10 * bold.dof
    assert np.log(bold.high / bold.low) > 0.5 * np.log(honest.high / honest.low)


def test_slopes_without_errors_all_weigh_the_same() -> None:
    rows = slopes(2.0, 3)
    found = fit_interpolation(rows.assign(se=np.where(rows["share"] == 0.5, np.nan, rows["se"])))
    weighted = fit_interpolation(rows)
    assert not found.weighted and weighted.weighted
    assert found.ratio == pytest.approx(weighted.ratio) and found.low < 2.0 < found.high


def test_ends_that_do_not_differ_leave_the_ratio_open() -> None:
    rows = slopes(1.0, 1).assign(slope=0.8)
    fit = fit_interpolation(rows)
    assert fit.low == 0 and fit.high == np.inf
    notes = drawn(rows).notes
    assert "interval below 0.01 to above 100" in notes[0]


def test_too_few_slopes_are_refused() -> None:
    rows = slopes(1.0, 1)
    with pytest.raises(DatalinesError, match="6 slopes on 3 shift"):
        fit_interpolation(rows[rows["share"].isin([0.0, 1.0])])
    with pytest.raises(DatalinesError, match="only one share has a slope on v2"):
        fit_interpolation(rows[(rows["shift"] != "v2") | (rows["share"] == 0.5)])


def test_the_figure_shows_all_slopes_and_tells_the_ratio() -> None:
    rows = slopes(3.0, 2)
    drawing = drawn(rows, shifts=["r", "sketch"])
    shown = drawing.points[drawing.points["layer"] == "point"]
    assert shown.groupby("panel").size().to_dict() == {"r": 5, "sketch": 5}
    expected = rows[rows["shift"] == "r"].sort_values("share", ascending=False)
    assert shown[shown["panel"] == "r"]["y"].tolist() == pytest.approx(expected["slope"].tolist())
    assert [axes.get_title() for axes in drawing.figure.axes] == ["Renditions", "sketch"]
    assert drawing.figure.axes[0].get_xlabel() == "Share of YFCC (%)"
    assert "n = 10 slopes" in drawing.notes[0] and "one for all panels" in drawing.notes[0]


def test_a_line_without_a_slope_is_told_of() -> None:
    rows = slopes(3.0, 2)
    rows.loc[(rows["shift"] == "v2") & (rows["family"] == "half"), "slope"] = np.nan
    drawing = drawn(rows)
    assert "n = 14 slopes" in drawing.notes[0] and drawing.notes[1].startswith("1 line(s)")


def test_options_that_do_not_fit_the_table_are_refused() -> None:
    rows = slopes(1.0, 1)
    with pytest.raises(DatalinesError, match=r"options.shares: state the share of the first source"):
        drawn(rows, shares={"yfcc": 1.0})
    with pytest.raises(DatalinesError, match=r"options.shares: no fitted line of quarter"):
        drawn(rows, shares=SHARES | {"quarter": 0.25})
    with pytest.raises(DatalinesError, match=r"options.shifts: no fitted line of a"):
        drawn(rows, shifts=["a"])
    with pytest.raises(DatalinesError, match=r"name the fits of one experiment"):
        draw({}, PlainFigure("Toy"))
