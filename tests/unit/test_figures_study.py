"""Figures of many runs: the unimodal ones with one line for several networks, data efficiency, and crowded panels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.plotting import Drawing, Figure, save
from datalines.plotting.house import PALETTE
from datalines.plotting.marks import density
from datalines.plotting.roles import MIXTURE_COLOUR, role_looks
from datalines.robustness.families import fit_families
from tests.unit import synthetic_study as study
from tests.unit.test_figures import script

NETWORKS = {"small": "small network", "large": "large network"}
LINES = {
    name: {"title": title, "families": [f"{name}-small", f"{name}-large"]}
    for name, title in {"cifar10": "CIFAR-10", "half": "Half of each", "cinic10": "CINIC-10"}.items()
}
ENSEMBLES = ["both-small", "both-large"]
TRUE = {"cifar10": {"cifar10": 1.0}, "half": {"cifar10": 0.5, "cinic10": 0.5}, "cinic10": {"cinic10": 1.0}}
SPEC: dict[str, Any] = {
    "families": [family for line in LINES.values() for family in line["families"]],
    "ensembles": ENSEMBLES,
    "baseline": None,
    "reference": "cifar10-test",
    "shifts": ["cinic10-test"],
    "axis": "probit",
    "floor": 0.0,
    "level": 0.95,
    "resamples": 200,
    "lines": LINES,
    "resample": "runs",
}
SOURCES = ["yfcc", "laion", "cc12m"]


def unimodal() -> pd.DataFrame:
    """Two networks on two sources and their half-and-half mixture, and ensembles of equal networks."""
    frames = []
    for network, better in {"small": 0.0, "large": 0.5}.items():
        common = {"sizes": ["m5"], "seeds": 2, "reference": "cifar10-test"}
        parts = [
            study.family(f"{name}-{network}", study.mixed(share), better=better, **common)
            for name, share in TRUE.items()
        ]
        walk = {w: study.mixed({"cifar10": w, "cinic10": 1 - w}) for w in (0.0, 0.5, 1.0)}
        parts.append(study.ensemble(f"both-{network}", walk, "m5", 2, "cifar10-test"))
        frames.append(pd.concat(parts).assign(recipe=network))
    joined = pd.concat(frames, ignore_index=True)
    return study.records("unimodal", [joined]).assign(recipe=joined["recipe"].to_numpy())


def draw_unimodal(name: str, **options: Any) -> Drawing:
    rows = unimodal()
    titles = {name: name for name in [*SPEC["families"], *ENSEMBLES, "cifar10-test", "cinic10-test", *LINES]}
    given = {key: SPEC[key] for key in ("families", "ensembles", "floor", "level", "resamples", "lines", "resample")}
    figure = Figure("Toy", SPEC["shifts"], SPEC["reference"], "probit", None, titles,
                    {**given, "networks": NETWORKS, **options})  # fmt: skip
    return script(name).draw(rows, fit_families(rows, SPEC), figure)


def legend(drawing: Drawing) -> list[str]:
    return [text.get_text() for text in drawing.figure.legends[0].get_texts()]


def test_one_line_goes_through_all_networks_of_a_source() -> None:
    drawing = draw_unimodal("fig_22_unimodal_mixtures", ensembles=[], shares={"cifar10": 1, "half": 0.5, "cinic10": 0})
    table = drawing.points
    assert set(table.loc[table["layer"] == "line", "family"]) == set(LINES)
    assert set(table.loc[table["layer"] == "point", "family"]) == set(SPEC["families"])
    runs = 2 * 2 * len(study.EPOCHS)
    named = [f"{line['title']} ({runs})" for line in LINES.values()]
    assert legend(drawing) == [*named, *NETWORKS.values(), "y = x"]
    slopes = table[table["layer"] == "slope"].set_index("family")["y"]
    assert slopes["cifar10"] < slopes["half"] < slopes["cinic10"]
    shapes = {line.get_marker() for line in drawing.figure.axes[0].lines if line.get_linestyle() == "None"}
    assert len(shapes) == len(NETWORKS)


def test_ensembles_of_all_networks_are_held_against_one_line() -> None:
    drawing = draw_unimodal("fig_28_unimodal_ensembles", mixture="half")
    told = next(note for note in drawing.notes if "on average" in note)
    assert f"n = {2 * 2 * len(study.EPOCHS)}" in told and "from the line of Half of each" in told
    assert "Ensembles; large: equal weight" in legend(drawing)
    paths = drawing.points[drawing.points["layer"] == "path"]
    assert paths.groupby(["family", "seed", "epoch"]).size().eq(3).all()


def efficiency(seeds: int) -> Drawing:
    frames = [
        study.family(name, study.SOURCES[name], ["m1", "m5", "m10", "m15"], seeds, better=0.2 * place)
        for place, name in enumerate(SOURCES)
    ]
    rows = study.records("sources", [*frames, study.family("standard", study.SOURCES["standard"], ["m5"], 1)])
    titles = {name: name.upper() for name in [*SOURCES, "standard", "reference", "r", "sketch"]}
    options = {"families": [*SOURCES, "standard"], "level": 0.95, "resamples": 100}
    figure = Figure("Toy", ["r", "sketch"], "reference", "probit", "standard", titles, options)
    return script("fig_17_data_efficiency").draw(rows, pd.DataFrame(), figure)


def test_data_efficiency_has_the_reference_set_and_every_shift_and_no_baseline() -> None:
    drawing = efficiency(3)
    titles = [axes.get_title() for axes in drawing.figure.axes]
    assert titles[:3] == ["(a) REFERENCE", "(b) R", "(c) SKETCH"]
    points = drawing.points[drawing.points["layer"] == "point"]
    assert set(points["family"]) == set(SOURCES) and points["n"].eq(3).all()
    assert (points["y_low"] < points["y"]).all() and (points["y"] < points["y_high"]).all()
    laws = drawing.points[drawing.points["layer"] == "law"]
    assert laws.groupby(["panel", "family"])["b"].nunique().eq(1).all() and (laws["b"] > 0).all()
    on_reference = points[points["panel"] == "reference"]
    assert on_reference.groupby("family")["y"].apply(lambda errors: errors.is_monotonic_decreasing).all()


def test_one_seed_has_no_bars_and_says_so() -> None:
    drawing = efficiency(1)
    assert "A mean of one seed has no bar." in drawing.notes
    assert drawing.points.loc[drawing.points["layer"] == "point", "y_low"].isna().all()


def test_crowded_panels_have_small_markers_no_bars_and_say_how_long_these_would_be() -> None:
    families = [study.family(name, study.SOURCES[name], seeds=3) for name in SOURCES]
    rows = study.records("sources", families)
    spec = SPEC | {"families": SOURCES, "ensembles": [], "reference": "reference", "shifts": ["r"], "lines": {}}
    titles = {name: name.upper() for name in [*SOURCES, "reference", "r"]}
    figure = Figure("Toy", ["r"], "reference", "probit", None, titles, {"families": SOURCES})
    drawing = script("fig_02_sources").draw(rows, fit_families(rows, spec), figure)
    points = drawing.points[drawing.points["layer"] == "point"]
    assert len(points) == 3 * 54
    half = (points["y_high"] - points["y_low"]).max() / 2, (points["x_high"] - points["x_low"]).max() / 2
    assert [note for note in drawing.notes if f"reaches at most {max(half):.1f} points" in note]
    drawn = [line for line in drawing.figure.axes[0].lines if line.get_linestyle() == "None"]
    assert max(line.get_markersize() for line in drawn) < 3


def test_a_crowd_is_drawn_finer_than_a_few() -> None:
    few, some, many = (density(points) for points in (20, 100, 500))
    assert few.size > some.size > many.size and few.bars > some.bars > many.bars == 0
    assert many.above and not few.above


@pytest.mark.parametrize("count", [3, 6, 9])
def test_no_two_families_of_a_figure_share_a_colour(count: int) -> None:
    titles = {f"family-{place}": str(place) for place in range(40)}
    figure = Figure("Toy", ["r"], "reference", titles=titles)
    slugs = [f"family-{place}" for place in (*range(count - 2), 12, 24)]  # places whose colours are those of place 0
    look = role_looks(figure, slugs, slugs[-1], ["family-30"])
    assert len({look[slug].colour for slug in slugs}) == count
    assert look[slugs[-1]].colour == MIXTURE_COLOUR
    assert look["family-30"].colour not in {look[slug].colour for slug in slugs}
    assert look["family-0"].colour == PALETTE[0]


@pytest.mark.parametrize("name", ["fig_22_unimodal_mixtures", "fig_28_unimodal_ensembles"])
def test_drawn_again_the_bytes_are_the_same(name: str, tmp_path: Path) -> None:
    options = {"shares": {"cifar10": 1, "half": 0.5, "cinic10": 0}, "mixture": "half"}
    paths = [save(draw_unimodal(name, **options), tmp_path / stem) for stem in ("a", "b")]
    assert [path.read_bytes() for path in paths[0]] == [path.read_bytes() for path in paths[1]]


def test_synthetic_runs_lie_about_their_lines() -> None:
    rows = study.records("sources", [study.family("yfcc", study.SOURCES["yfcc"], seeds=20, n=20_000)])
    spec = SPEC | {"families": ["yfcc"], "ensembles": [], "reference": "reference", "shifts": ["sketch"], "lines": {}}
    fit = fit_families(rows, spec).set_index("axis").loc["probit"]
    intercept, slope = study.SOURCES["yfcc"]["sketch"]
    assert np.isclose(fit["slope"], slope, atol=0.03) and np.isclose(fit["intercept"], intercept, atol=0.03)
