"""Readers of published results: what they make of a file, what they leave out and say so, and what they refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from datalines.files import read_json, sha256_file
from datalines.published import testbed
from datalines.published.reading import PublishedError
from datalines.published.standard import STANDARD
from datalines.published.testbed_file import V2, group_of, read_testbed
from datalines.published.tidy import COLUMNS, FULL, RESTRICTED, counts, of_groups
from datalines.published.vlhub import VAL, read_vlhub
from datalines.published.vlhub import group_of as vlhub_group
from datalines.robustness.transforms import AXES, transform
from tests.unit import published_files as files
from tests.unit.test_published_models import cells as model_cells
from tests.unit.timm_files import timm_rows, write_timm
from workflow.scripts import fit_published, read_published

RESTRICTED_SHIFTS = ("r", "objectnet", "a")
Change = Callable[[files.Cells], object]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[], pd.DataFrame]:
    return lambda: read_testbed(files.write(tmp_path / "testbed.csv", files.testbed_cells()), "testbed")


def reasons(rows: pd.DataFrame, shift: str, x_set: str = FULL) -> dict[str, str]:
    part = rows[(rows["shift"] == shift) & (rows["x_set"] == x_set)]
    return {str(row["model"]): str(row["reason"]) for _, row in part[~part["used"]].iterrows()}


def test_testbed_becomes_tidy(read: Callable[[], pd.DataFrame]) -> None:
    rows = read()
    assert list(rows) == COLUMNS
    models = len(files.STANDARD) + len(files.OTHERS)
    pairs = rows.groupby(["shift", "x_set"], sort=False).size()
    known = [
        *((s, FULL) for s in ("v2", "sketch", "r", "objectnet", "a")),
        *((s, RESTRICTED) for s in RESTRICTED_SHIFTS),
    ]
    assert pairs.to_dict() == dict.fromkeys(known, models)
    first = rows[(rows["shift"] == "r") & (rows["x_set"] == RESTRICTED) & (rows["model"] == "resnet50")].iloc[0]
    assert (first["x"], first["y"]) == (pytest.approx(0.8), pytest.approx(0.35))
    assert (first["n_x"], first["n_y"], first["group"], first["dataset"]) == (10_000, 30_000, "standard", "in1k")
    assert rows["used"].eq(rows["reason"] == "").all()


def test_standard_models_below_a_floor_or_left_out_by_name_carry_no_line(read: Callable[[], pd.DataFrame]) -> None:
    rows, by_name = read(), {name: "left-out-by-name" for name, _ in files.OTHERS[:2]}
    assert reasons(rows, "v2") == {"alexnet": "below-floor", **by_name}
    # On classes of its own alexnet has 60 %: above the floor of ObjectNet, whichever set is on the axis.
    assert reasons(rows, "objectnet") == reasons(rows, "objectnet", RESTRICTED) == by_name
    low = dict.fromkeys(("alexnet", "vgg11", "resnet18"), "below-floor")
    assert reasons(rows, "r") == reasons(rows, "r", RESTRICTED) == {**low, **by_name}
    assert reasons(rows, "a") == {**low, "resnet50": "at-0-or-100", **by_name}
    x, _ = testbed.standard_points(rows, "r", RESTRICTED)
    assert x.tolist() == pytest.approx([0.75, 0.8, 0.85, 0.9, 0.95])


def test_missing_accuracies_are_counted(tmp_path: Path) -> None:
    cells = files.testbed_cells()
    cells[3]["imagenet-r"], cells[-1]["val"] = "", "nan"
    rows = read_testbed(files.write(tmp_path / "t.csv", cells), "testbed")
    assert reasons(rows, "r")["resnet34"] == "missing"
    assert "resnet34" not in reasons(rows, "v2")
    assert reasons(rows, "sketch")["newcomer"] == "missing"
    assert "newcomer" not in reasons(rows, "objectnet", RESTRICTED)
    found = [entry for entry in counts(rows) if entry["reason"] == "missing"]
    assert sum(int(entry["rows"]) for entry in found) == 2 + 5
    assert sum(int(entry["rows"]) for entry in counts(rows)) == len(rows)


@pytest.mark.parametrize(
    ("model", "group"),
    [
        *[(model, "standard") for model in ("FixPNASNet", "googlenet/inceptionv1", "vit_small_patch16_224")],
        *[(name, group) for (name, _), group in zip(
            files.OTHERS,
            ["standard", "standard", "subsample", "robust", "more-data", "clip", "undertrained", "other"],
            strict=True)],
        *[(model, "more-data") for model in ("resnet18_ssl", "dpn107", "vit_large_patch16_384")],
        *[(model, "robust") for model in ("resnet50_linf_eps8_robust", "efficientnet-b0-advprop-autoaug")],
    ],
)  # fmt: skip
def test_groups_of_the_testbed(model: str, group: str) -> None:
    assert group_of(model) == group


def test_list_of_standard_models() -> None:
    assert len(STANDARD) == 87
    assert {"resnet50", "alexnet", "efficientnet-b7-randaug", "resnet50_swav"} <= STANDARD


def drop_column(cells: files.Cells) -> None:
    for row in cells:
        row["imagenetv2-matched-frequency-format-vall"] = row.pop(V2)


def set_cell(place: int, column: str, value: str) -> Change:
    return lambda cells: cells[place].update({column: value})


def in_fractions(cells: files.Cells) -> None:
    for row in cells:
        row["val"] = repr(float(row["val"]) / 100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_column, "'imagenetv2-matched-frequency-format-val' is missing; did you mean 'imagenetv2-matched-freq"),
        (lambda cells: cells.append(dict(cells[2])), "model resnet18 has several rows"),
        (set_cell(1, "model", ""), "record 3 has no model"),
        (set_cell(0, "val", "high"), "record 2, column 'val': 'high' is no number"),
        (set_cell(4, "imagenet-r", "150"), "record 6, column 'imagenet-r': 150 is not between 0 and 100"),
        (set_cell(4, "imagenet-r", "inf"), "inf is not between 0 and 100"),
        (in_fractions, "column 'val' has no value above 1; percent is expected, so multiply fractions by 100"),
        (set_cell(2, "objectnet-1.0-beta", "33.3334"), "33.3334 % is no count out of 18,514 images"),
        (lambda cells: cells.clear() or cells.append({"model": "x"}), "column 'val' is missing"),
        (lambda cells: cells[3].pop("val"), r"record 5 has \d+ cells, the header"),
    ],
)
def test_another_file_than_the_testbeds_is_refused(change: Change, message: str, tmp_path: Path) -> None:
    cells = files.testbed_cells()
    change(cells)
    path = files.write(tmp_path / "testbed.csv", cells)
    with pytest.raises(PublishedError, match=message) as raised:
        read_testbed(path, "testbed")
    assert str(path) in str(raised.value)


def test_empty_and_doubled_headers_are_refused(tmp_path: Path) -> None:
    cells = files.testbed_cells()
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(PublishedError, match="column 'model' is missing"):
        read_testbed(tmp_path / "empty.csv", "t")
    (tmp_path / "head.csv").write_text(",".join(cells[0]) + "\n")
    with pytest.raises(PublishedError, match="a header and no row"):
        read_testbed(tmp_path / "head.csv", "t")
    twice = [{**row, "again": row["val"]} for row in cells]
    with pytest.raises(PublishedError, match="column 'val' is there 2 times"):
        read_testbed(files.write(tmp_path / "twice.csv", twice, [*cells[0], "val"]), "t")


def test_vlhub_becomes_tidy(tmp_path: Path) -> None:
    rows = read_vlhub(files.write(tmp_path / "v.csv", files.vlhub_cells()), "vlhub")
    assert list(rows) == COLUMNS
    assert rows.groupby(["shift", "x_set"], sort=False).size().to_dict() == {
        (shift, FULL): 15 for shift in ("v2", "sketch", "r", "a")
    }
    groups = rows.drop_duplicates("model").groupby("group")["model"].apply(list).to_dict()
    assert groups["laion"] == ["CLIP-RN50-laion15m", "CLIP-L-laion2b"]
    assert groups["clip"] == ["CLIP-RN50-yfcc15m", "CLIP-both"]
    assert groups["clip-imagenet"] == ["CLIP-in1k", "LiT"]
    assert groups["more-data"] == ["bigger"]
    assert "resnet18" in groups["standard"] and "resnet18 (2)" in groups["standard"]
    assert all(reasons(rows, shift) == {"LiT": "sketch-above-v2"} for shift in ("v2", "sketch", "r", "a"))


def vlhub_percent(cells: files.Cells) -> None:
    for row in cells:
        row[VAL] = repr(100 * float(row[VAL]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (vlhub_percent, "60.0 is not between 0 and 1; fractions are expected, so divide percent by 100"),
        (set_cell(0, "technique", "Supervised"), "'Supervised' is not known; write one of Conventional, VL"),
        (lambda cells: cells.append(dict(cells[7])), "name resnet18 has several rows"),
        (lambda cells: cells.append({**cells[7], VAL: "0.5"}), r"name resnet18 \(2\) has several rows"),
        (lambda cells: cells.append({**cells[0], VAL: "0.5"}), "name model0 has several rows"),
        (
            set_cell(5, "imagenets-zeroshot-val-top1", "?"),
            "record 7, column 'imagenets-zeroshot-val-top1': '\\?' is no",
        ),
    ],
)
def test_another_file_than_vlhubs_is_refused(change: Change, message: str, tmp_path: Path) -> None:
    cells = files.vlhub_cells()
    change(cells)
    with pytest.raises(PublishedError, match=message):
        read_vlhub(files.write(tmp_path / "v.csv", cells), "vlhub")


def test_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    cells = files.vlhub_cells()
    turned = [dict(reversed(row.items())) for row in cells]
    one = read_vlhub(files.write(tmp_path / "a.csv", cells), "vlhub")
    other = read_vlhub(files.write(tmp_path / "b.csv", turned), "vlhub")
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("technique", "dataset", "group"),
    [("VL", "laion400m", "laion"), ("VL", "cc12m+in1k-equal", "clip-imagenet"),
     ("Wise-FT", "wit+in1k", "clip-imagenet"), ("VL", "wit", "clip"), ("Conventional", "ig1b", "more-data")],
)  # fmt: skip
def test_groups_of_vlhub(technique: str, dataset: str, group: str) -> None:
    assert vlhub_group(technique, dataset) == group


def test_unknown_groups_are_named(read: Callable[[], pd.DataFrame]) -> None:
    rows = read()
    assert set(of_groups(rows, ["clip", "robust"], "key")["group"]) == {"clip", "robust"}
    assert of_groups(rows, [], "key") is rows
    with pytest.raises(
        PublishedError, match=r"published.standard.groups: standrad is no group .* write some of standard"
    ):
        of_groups(rows, ["standrad"], "published.standard.groups")


@given(
    st.lists(st.tuples(st.floats(0.02, 0.98), st.floats(0.02, 0.98)), min_size=4, max_size=30, unique=True),
    st.sampled_from(AXES),
    st.integers(0, 2**31),
)
def test_resampled_lines_are_those_of_least_squares(points: list[tuple[float, float]], axis: str, seed: int) -> None:
    x, y = np.array(points).T
    found = testbed.resample(x, y, axis, resamples=3, seed=seed)
    generator = np.random.RandomState(seed)
    for slope, intercept in zip(found.slopes, found.intercepts, strict=True):
        picks = generator.choice(len(x), len(x))
        at_x, at_y = transform(x, axis)[picks], transform(y, axis)[picks]
        if np.ptp(at_x) > 1e-3:
            known = linregress(at_x, at_y)
            assert (slope, intercept) == (
                pytest.approx(known.slope, abs=1e-6),
                pytest.approx(known.intercept, abs=1e-6),
            )


def test_intervals_end_at_observed_values() -> None:
    values = np.arange(1001.0)
    found = testbed.Resampled(values, -values).intervals(0.95)
    assert found == ((25.0, 975.0), (-975.0, -25.0))
    shorter = testbed.Resampled(values[:1000], values[:1000]).intervals(0.95)
    assert shorter[0] == (24.0, 975.0)


def test_line_of_imagenet_a_is_cut_in_two(read: Callable[[], pd.DataFrame]) -> None:
    lines = testbed.baseline_lines(read())
    assert list(lines) == testbed.LINE_COLUMNS
    # On all of ImageNet two models are on either side of the knee; on the classes of ImageNet-A three are below it.
    a = lines[(lines["shift"] == "a") & (lines["axis"] == "logit")]
    assert a[["x_set", "part", "n"]].to_numpy().tolist() == [
        [FULL, "all", 4],
        [RESTRICTED, "all", 4],
        [RESTRICTED, "below-knee", 3],
    ]
    v2 = lines[(lines["shift"] == "v2") & (lines["axis"] == "linear")].iloc[0]
    assert (v2["slope"], v2["intercept"], v2["n"]) == (pytest.approx(0.5), pytest.approx(0.0, abs=1e-12), 7)
    parts = testbed.two_parts(np.array([0.1, 0.5, 0.9]), np.array([1.0, 2, 3]), 0.5)
    assert [part[0].tolist() for part in parts.values()] == [[0.1], [0.9]]


def declared(kind: str, paths: list[Path], **more: object) -> tuple[dict[str, object], list[dict[str, object]]]:
    """An entry as the config has it, and what is wanted of its files."""
    about = {"title": "Toy", "kind": kind, "groups": [], "licence": "MIT", "citation": "someone"}
    wanted = [
        {"url": f"https://host.org/{path.name}", "bytes": path.stat().st_size, "sha256": sha256_file(path),
         "key": f"published.toy.files.{path.name}"}
        for path in paths
    ]  # fmt: skip
    return {**about, **more}, wanted


def read_twice(kind: str, paths: list[Path], folder: Path, **more: object) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table and the summary that the script writes, the same in two runs."""
    outs = [folder / name for name in ("rows.csv", "summary.json")]
    written = []
    for _ in range(2):
        read_published.main("toy", *declared(kind, paths, **more), paths, *outs)
        written.append([out.read_bytes() for out in outs])
    assert written[0] == written[1]
    return pd.read_csv(outs[0]), read_json(outs[1])


@pytest.mark.parametrize(("kind", "cells"), [("imagenet-testbed", files.testbed_cells), ("vlhub", files.vlhub_cells)])
def test_scripts_write_rows_lines_and_counts(kind: str, cells: Callable[[], files.Cells], tmp_path: Path) -> None:
    path = files.write(tmp_path / "file.csv", cells())
    rows, summary = read_twice(kind, [path], tmp_path, groups=["standard"])
    assert list(rows) == COLUMNS and set(rows["group"]) == {"standard"}
    assert summary["rows"] == len(rows) == sum(entry["rows"] for entry in summary["counts"])
    assert summary["used"] == int(rows["used"].sum()) < len(rows) or kind == "vlhub"
    assert sum(summary["left_out"].values()) == len(rows) - summary["used"]
    assert (summary["published"], summary["citation"]) == ("toy", "someone")
    assert summary["files"] == [
        {"url": "https://host.org/file.csv", "bytes": path.stat().st_size, "sha256": sha256_file(path)}
    ]
    fit_published.main(tmp_path / "rows.csv", tmp_path / "lines.csv")
    lines = pd.read_csv(tmp_path / "lines.csv")
    reader = read_testbed if kind == "imagenet-testbed" else read_vlhub
    pd.testing.assert_frame_equal(lines, testbed.baseline_lines(reader(path, kind)), rtol=0, atol=0)


def test_script_reads_all_files_of_an_entry(tmp_path: Path) -> None:
    paths = list(write_timm(tmp_path, timm_rows()).values())
    rows, summary = read_twice("timm", paths, tmp_path, groups=["more-data"])
    assert set(rows["model"]) == {"vit_giant.clip_ft_in1k@336"}
    assert (summary["models"], summary["left_out"], len(summary["files"])) == (1, {}, 8)


def test_script_counts_what_tables_of_frequencies_hold(tmp_path: Path) -> None:
    texts = {"_ori": [3, 9] + [0] * 8, "": [9, 3] + [0] * 8}
    paths = [tmp_path / f"class_frequency_a_eurosat{end}.txt" for end in texts]
    for path, names, numbers in zip(paths, ("abcdefghij", "bacdefghij"), texts.values(), strict=True):
        path.write_text("".join(f"{name}\t{count}\n" for name, count in zip(names, numbers, strict=True)))
    rows, summary = read_twice("class-frequencies", paths, tmp_path)
    assert rows["class"].tolist() == list("abcdefghij")
    assert summary["tables"] == [{"concepts": "eurosat", "source": "a", "classes": 10, "total": 12}]
    assert summary["left_out"] == {"files-with-the-numbers-of-another": 1}


def test_script_counts_remarks_on_models(tmp_path: Path) -> None:
    rows, summary = read_twice("vlhub-models", [files.write(tmp_path / "v.csv", model_cells())], tmp_path)
    assert summary["models"] == len(rows) == 6
    assert summary["remarks"]["second-of-name"] == 1


def test_altered_file_is_refused(tmp_path: Path) -> None:
    path = files.write(tmp_path / "file.csv", files.vlhub_cells())
    spec, wanted = declared("vlhub", [path])
    path.write_bytes(path.read_bytes().replace(b"0.6000", b"0.6001", 1))
    outs = [tmp_path / name for name in ("rows.csv", "summary.json")]
    with pytest.raises(
        PublishedError, match=r"published.toy.files.file.csv: .* has the sha256 .* is declared; remove it and run again"
    ):
        read_published.main("toy", spec, wanted, [path], *outs)
    assert not any(out.exists() for out in outs)
