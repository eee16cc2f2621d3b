"""timm's results: how files are joined, which models saw ImageNet-1k alone, what is counted, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from datalines.published.filenames import R_CLASSES, SKETCH, TIMM, V2, VAL, A
from datalines.published.reading import PublishedError
from datalines.published.testbed import standard_points
from datalines.published.tidy import COLUMNS, FULL, RESTRICTED
from datalines.published.timm import is_standard, read_timm
from datalines.robustness.lines import fit_line
from tests.unit.published_files import MIRROR
from tests.unit.timm_files import MODELS, Rows, timm_rows, write_timm

RESULTS = "raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
Change = Callable[[dict[str, Rows]], object]


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    files = {name: MIRROR / RESULTS / name for name in TIMM}
    if not all(path.is_file() for path in files.values()):
        pytest.skip(f"timm's files are not in {MIRROR / RESULTS}")
    return read_timm(files, "timm")


def test_files_become_tidy(tmp_path: Path) -> None:
    rows = read_timm(write_timm(tmp_path, timm_rows()), "timm")
    assert list(rows) == COLUMNS
    pairs = rows.groupby(["shift", "x_set"], sort=False).size().to_dict()
    known = [("v2", FULL), ("sketch", FULL), ("r", FULL), ("r", RESTRICTED), ("a", FULL), ("a", RESTRICTED)]
    assert pairs == dict.fromkeys([*known, ("real", FULL)], len(MODELS))
    assert rows["used"].all()
    assert list(dict.fromkeys(rows["model"])) == [f"{name}@{size}" for name, size, _, _ in MODELS]
    row = rows[(rows["shift"] == "a") & (rows["x_set"] == RESTRICTED) & (rows["model"] == "resnet50.tv_in1k@288")]
    (found,) = row.to_dict("records")
    assert (found["x"], found["y"]) == (pytest.approx(0.87), pytest.approx(0.385, abs=1e-4))
    assert (found["n_x"], found["n_y"], found["dataset"], found["group"]) == (10_000, 7_500, "tv_in1k", "standard")
    assert set(rows.loc[rows["model"] == "vit_giant.clip_ft_in1k@336", "group"]) == {"more-data"}


def test_models_without_a_partner_are_counted_and_not_used(tmp_path: Path) -> None:
    files = timm_rows()
    stray = {**files[A].pop(0), "model": "resmlp.fb_dino", "top1": "0.480"}
    files[A].append(stray)
    rows = read_timm(write_timm(tmp_path, files), "timm")
    left_out = rows[~rows["used"]]
    assert set(left_out["shift"]) == {"a"}
    assert left_out.groupby("x_set")["model"].apply(list).to_dict() == {
        side: ["resnet50.tv_in1k@224", "resmlp.fb_dino@224"] for side in (FULL, RESTRICTED)
    }
    assert left_out["reason"].tolist() == ["missing", "not-in-imagenet-file"] * 2
    assert left_out["x"].isna().tolist() == [False, True] * 2


def test_an_accuracy_of_nothing_has_no_place_on_stretched_axes(tmp_path: Path) -> None:
    files = timm_rows()
    files[A][1]["top1"] = "0.000"
    rows = read_timm(write_timm(tmp_path, files), "timm")
    assert rows.loc[~rows["used"], ["model", "reason"]].drop_duplicates().to_numpy().tolist() == [
        ["resnet50.tv_in1k@288", "at-0-or-100"]
    ]


def test_rows_of_shifts_may_stand_in_another_order(tmp_path: Path) -> None:
    files = timm_rows()
    one = read_timm(write_timm(tmp_path, files), "timm")
    files[SKETCH].reverse()
    files[R_CLASSES].reverse()
    pd.testing.assert_frame_equal(read_timm(write_timm(tmp_path, files), "timm"), one)


@pytest.mark.parametrize(
    ("tag", "standard"),
    [
        *[(tag, True) for tag in ("tv_in1k", "a1_in1k", "fb_dist_in1k", "ra4_e3600_r224_in1k", "sw_r448", "")],
        *[(tag, False) for tag in ("fb_swsl_ig1b_ft_in1k", "in22k_ft_in22k_in1k", "ns_jft_in1k", "openai_ft_in12k")],
        *[(tag, False) for tag in ("swag_ft_in1k", "ssld2_in1k", "goog_distilled_in1k", "webli_ft_in1k")],
    ],
)
def test_tags_of_models_that_saw_imagenet_alone(tag: str, standard: bool) -> None:
    assert is_standard(tag) is standard


def set_cell(name: str, place: int, column: str, value: str) -> Change:
    return lambda files: files[name][place].update({column: value})


def rename(files: dict[str, Rows]) -> None:
    for row in files[SKETCH]:
        row["top_1"] = row.pop("top1")


def in_fractions(files: dict[str, Rows]) -> None:
    for row in files[VAL]:
        row["top1"] = repr(float(row["top1"]) / 100)


@pytest.mark.parametrize(
    ("change", "file", "message"),
    [
        (rename, SKETCH, "column 'top1' is missing; did you mean 'top_1'"),
        (in_fractions, VAL, "column 'top1' has no value above 1; percent is expected"),
        (
            lambda files: files[V2].append(dict(files[V2][0])),
            V2,
            "model@img_size resnet50.tv_in1k@224 has several rows",
        ),
        (set_cell(VAL, 1, "model", ""), VAL, "record 3 has no model"),
        (set_cell(VAL, 1, "img_size", "large"), VAL, "record 3, column 'img_size': 'large' is no number"),
        (set_cell(V2, 0, "top1", "38.005"), V2, "record 2, column 'top1': 38.005 % is no count out of 10,000"),
        (set_cell(V2, 0, "top1", "138.0"), V2, "138.0 is not between 0 and 100"),
        (set_cell(A, 3, "param_count", "28.59"), A, "convnext.fb_in1k@224 has other param_count, crop_pct, interpol"),
        (set_cell(A, 3, "interpolation", "bilinear"), A, "declare files of one commit"),
        (set_cell(A, 3, "param_count", "2,8.59"), A, "record 5, column 'param_count': '2,8.59' is no number"),
    ],
)
def test_other_files_than_timms_are_refused(change: Change, file: str, message: str, tmp_path: Path) -> None:
    files = timm_rows()
    change(files)
    with pytest.raises(PublishedError, match=message) as raised:
        read_timm(write_timm(tmp_path, files), "timm")
    assert str(tmp_path / file) in str(raised.value)


def test_real_files_join(real: pd.DataFrame) -> None:
    left_out = real.loc[~real["used"], ["model", "shift", "reason"]].drop_duplicates()
    assert left_out.to_numpy().tolist() == [
        ["resnet50.tv_in1k@224", "a", "missing"],
        ["resmlp_24_224.fb_dino@224", "a", "not-in-imagenet-file"],
    ]
    full = real[(real["x_set"] == FULL) & real["used"]]
    joined = full[full["shift"] != "real"].groupby("model").size()
    assert (joined == 4).sum() == 1555
    assert full[full["shift"] == "v2"].groupby("group").size().to_dict() == {"standard": 1221, "more-data": 335}


@pytest.mark.parametrize(
    ("shift", "x_set", "n", "slope", "intercept", "r2"),
    [
        ("v2", FULL, 1221, 0.907749, -0.475693, 0.993793),
        ("sketch", FULL, 1221, 1.125838, -2.419906, 0.897801),
        ("r", FULL, 1221, 0.987106, -1.682053, 0.870264),
        ("a", FULL, 1220, 3.377444, -6.402528, 0.792089),
        ("real", FULL, 1221, 0.996671, 0.402931, 0.986426),
        ("r", RESTRICTED, 1221, 0.703863, -2.263947, 0.890095),
        ("a", RESTRICTED, 1220, 2.132867, -7.774960, 0.869678),
    ],
)
def test_real_lines(
    real: pd.DataFrame, shift: str, x_set: str, n: int, slope: float, intercept: float, r2: float
) -> None:
    line = fit_line(*standard_points(real, shift, x_set), "logit")
    assert line.n == n
    assert (round(line.slope, 6), round(line.intercept, 6), round(line.r2, 6)) == (slope, intercept, r2)
