"""Figure 1: what it shows of published tables and of records, and what it says when it cannot."""

import string
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, PlainFigure, save
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import of_groups
from datalines.published.vlhub import read_vlhub
from datalines.robustness.lines import fit_line
from tests.unit import published_files as files
from tests.unit.synthetic import point
from workflow.scripts.papers.qnq import fig_01_effective_robustness as script

TITLES = {"laion": "LAION", "standard": "Supervised", "reference": "Reference", "sketch": "Sketch"}
LINES = {"standard": (-1.0, 0.9), "laion": (0.0, 0.9)}
RUNS = 4


def study(runs: int = RUNS) -> pd.DataFrame:
    """Two families on stated lines, three epochs a run; the baseline covers all but the worst epoch of the other."""
    rows = []
    for family, line in LINES.items():
        for run in range(runs):
            for epoch, height in enumerate((-1.2, -0.5, 0.1) if family == "laion" else (-0.8, 0.0, 0.8), start=1):
                key = {"experiment": "sources", "size": f"s{run // 2}", "seed": run % 2, "epoch": epoch}
                rows += point(family, {"sketch": line}, height + 0.05 * run, 10_000, **key)
    return pd.DataFrame(rows)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pd.DataFrame]:
    """As the script is given them: read back from csv files."""
    standard = read_testbed(files.write(tmp_path / "t.csv", files.testbed_cells()), "imagenet-testbed")
    laion = read_vlhub(files.write(tmp_path / "v.csv", files.vlhub_cells()), "vlhub")
    made = {
        "published/standard": of_groups(standard, ["standard"], "key"),
        "published/laion": of_groups(laion, ["laion"], "key"),
        "records/sources": study(),
    }
    for name, table in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return {name: pd.read_csv(tmp_path / f"{name}.csv") for name in made}


def draw(tables: dict[str, pd.DataFrame], **options: Any) -> Drawing:
    return script.draw(tables, PlainFigure("Figure 1", TITLES, {"resamples": 50, **options}))


def of(drawing: Drawing, panel: str, layer: str, family: str = "") -> pd.DataFrame:
    rows = drawing.points
    return rows[(rows["panel"] == panel) & (rows["layer"] == layer) & (rows["family"] == family)]


def test_points_lines_and_effective_robustness(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(tables)
    assert list(drawing.points) == script.POINT_COLUMNS
    assert len(of(drawing, "published", "point", "standard")) == 7
    assert of(drawing, "published", "point", "laion")["model"].tolist() == ["CLIP-RN50-laion15m", "CLIP-L-laion2b"]
    published = tables["published/standard"]
    known = published[(published["shift"] == "sketch") & published["used"]]
    line = fit_line(known["x"], known["y"])
    drawn = of(drawing, "published", "line", "standard")
    assert drawn["y"].to_numpy() == pytest.approx(100 * line.predict(drawn["x"] / 100), abs=1e-9)
    assert (drawn["x"].min(), drawn["x"].max()) == (pytest.approx(55), pytest.approx(85))
    best = of(drawing, "published", "point", "laion").set_index("model").loc["CLIP-L-laion2b"]
    assert best["er"] == pytest.approx(100 * (0.6 - float(line.predict(0.75))))
    assert best["x_low"] < 75 < best["x_high"] and (best["n_x"], best["n_y"]) == (50_000, 50_889)
    own = of(drawing, "study", "point", "laion")
    assert len(own) == 3 * RUNS
    # The families' lines are one unit apart on the axis; the best point is at 0.25 there: ndtr(0.225) - ndtr(-0.775).
    top = own.loc[own["x"].idxmax()]
    truth = of(drawing, "study", "arrow", "laion")
    assert (truth["y"].max(), truth["x"].iloc[0]) == (pytest.approx(top["y"]), pytest.approx(top["x"]))
    assert truth["er"].iloc[0] == pytest.approx(top["er"]) == pytest.approx(36.98, abs=0.1)


def test_points_outside_the_known_line_are_hollow_and_said(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(tables)
    assert of(drawing, "published", "point", "laion")["in_range"].tolist() == [False, True]
    assert of(drawing, "study", "point", "laion")["in_range"].sum() == 2 * RUNS
    assert of(drawing, "published", "line-beyond", "standard")["x"].min() == pytest.approx(35)
    assert "CLIP-L-laion2b lies +" in drawing.notes[0] and "outside" not in drawing.notes[0]
    far = draw(tables, arrow="CLIP-RN50-laion15m")
    assert "outside the range in which that line is known" in far.notes[0]
    assert any("Substitutions" in note for note in drawing.notes)


def test_band_needs_three_runs_and_floor_takes_points_from_lines(tables: dict[str, pd.DataFrame]) -> None:
    assert of(draw(tables), "study", "line", "laion")["y_low"].notna().all()
    few = draw({**tables, "records/sources": study(runs=2)})
    assert of(few, "study", "line", "laion")["y_low"].isna().all()
    cut = draw(tables, floor=0.4)
    assert of(cut, "study", "line", "standard")["x"].min() > 40
    assert len(of(cut, "study", "point", "standard")) == 3 * RUNS
    assert (~of(cut, "study", "point", "standard")["in_range"].astype(bool)).sum() == RUNS


def test_rows_that_are_not_used_are_not_drawn(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["published/laion"]
    left_out = rows["model"] == "CLIP-L-laion2b"
    changed = rows.assign(used=rows["used"] & ~left_out)
    shown = of(draw({**tables, "published/laion": changed}), "published", "point", "laion")
    assert shown["model"].tolist() == ["CLIP-RN50-laion15m"]
    with pytest.raises(DatalinesError, match=r"published/laion.csv has no usable model of group laion on sketch"):
        draw({**tables, "published/laion": rows.assign(used=False)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": "a"}, "options.shift: 'a' is not among v2, sketch, r"),
        ({"shift": "v2"}, "no model of family standard on shift v2"),
        ({"arrow": "CLIP"}, "options.arrow: 'CLIP' is not drawn; write one of CLIP-RN50-laion15m, CLIP-L-laion2b"),
        ({"floors": 0.1}, "options: floors unknown; there are shift, records"),
        ({"records": "records/others"}, "list records/others among the figure's tables"),
        ({"family": "yfcc"}, "'yfcc' has no display name"),
        ({"floor": 0.9}, "study: no line goes through 0 point"),
    ],
)
def test_what_cannot_be_drawn_is_said(tables: dict[str, pd.DataFrame], options: dict[str, Any], message: str) -> None:
    with pytest.raises(DatalinesError, match=message):
        draw(tables, **options)


def test_everything_drawn_is_inside_and_in_the_table(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(tables)
    listed = {(round(x, 6), round(y, 6)) for x, y in drawing.points[["x", "y"]].to_numpy()}
    for axes in drawing.figure.axes:
        assert axes.get_xlim() == axes.get_ylim()
        drawn = [pair for line in axes.lines for pair in zip(line.get_xdata(), line.get_ydata(), strict=True)]
        assert len(drawn) > 100
        assert {(round(float(x), 6), round(float(y), 6)) for x, y in drawn} <= listed
        low, high = axes.get_xlim()
        own = [line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata())]
        assert all(low < value < high for line in own for value in [*line.get_xdata(), *line.get_ydata()])


def test_legends_lie_on_no_point(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(tables)
    canvas = FigureCanvasAgg(drawing.figure)
    canvas.draw()
    for axes in drawing.figure.axes:
        box = axes.get_legend().get_window_extent()
        places = [axes.transData.transform(np.column_stack(line.get_data())) for line in axes.lines[1:]]
        assert not any(box.contains(*place) for line in places for place in line)


def test_equal_tables_give_equal_bytes(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    first, second = (save(draw(tables), tmp_path / stem) for stem in ("a", "b"))
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_caption_has_the_scale_and_no_other_field() -> None:
    fields = {field for _, field, _, _ in string.Formatter().parse(script.__doc__ or "") if field is not None}
    assert fields == {"scale"}
