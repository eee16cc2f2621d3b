"""What `datalines er` answers about one model, on a small testbed with a known line and on the real files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datalines.fetch.mirror import DOWNLOADS, VARIABLE, place
from datalines.files import sha256_file
from datalines.robustness.intervals import clopper_pearson
from tests.unit import er_checkouts
from tests.unit.er_checkouts import URL, Call

EXACT = ["--axis", "linear"]


@pytest.fixture
def er(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in a checkout with a small testbed."""
    return er_checkouts.small(tmp_path, monkeypatch)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command on the real files."""
    return er_checkouts.real(monkeypatch)


def test_one_model(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert er("--baseline", "imagenet-testbed", "--shift", "imagenet-v2", "--id", "0.7", "--ood", "0.5", *EXACT) == 0
    low = 15 - 100 * np.hypot(0.5 - clopper_pearson(5000, 10_000)[0], (clopper_pearson(35_000, 50_000)[1] - 0.7) / 2)
    high = 15 + 100 * np.hypot(clopper_pearson(5000, 10_000)[1] - 0.5, (0.7 - clopper_pearson(35_000, 50_000)[0]) / 2)
    assert capsys.readouterr().out == (
        f"""\
imagenet-v2: effective robustness +15.00 points, 95 % interval +{low:.2f} to +{high:.2f}

point     0.7000 on ImageNet (full: all of its classes; 50,000 images), 0.5000 on imagenet-v2 (10,000 images)
baseline  imagenet-testbed, 7 standard models from 0.5500 to 0.8500; at 0.7000 it has 0.3500
line      y = 0.0000 + 0.5000 x, R² 1.000
          95 %: intercept 0.0000 to 0.0000, slope 0.5000 to 0.5000
interval  covers which models are behind the line (bootstrap of models),
          and the binomial errors of both accuracies; the first alone: +15.00 to +15.00
          does not cover the chance of the model's own training run,
          nor the choice of the baseline and of its axis
source    published.imagenet-testbed: Taori et al., 2020
"""
    )


def test_a_point_outside_the_range_is_warned_of(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert er("--shift", "v2", "--id", "30", "--ood", "20", "--unit", "percent", *EXACT) == 0
    text = capsys.readouterr().out
    assert text.startswith("imagenet-v2: effective robustness +5.00 points")
    assert text.endswith(
        "\n\nwarning: 0.3000 lies below all models behind the line (0.5500 to 0.8500); the line is extrapolated, and "
        "the interval does not cover that it may bend there\n"
    )
    assert er("--shift", "v2", "--id", "0.9", "--ood", "0.2", *EXACT) == 0
    assert "warning: 0.9000 lies above all models" in capsys.readouterr().out


def test_which_set_the_accuracy_is_on_is_told(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert er("--shift", "imagenet-r", "--id", "0.7", "--ood", "0.5", *EXACT) == 0
    text = capsys.readouterr().out
    assert "0.7000 on ImageNet (full: all of its classes; 50,000 images)" in text
    assert "note: the in-distribution accuracy is taken as the one on all of ImageNet's classes" in text
    assert er("--shift", "imagenet-r", "--id", "0.8", "--ood", "0.5", "--x", "class-restricted", *EXACT) == 0
    text = capsys.readouterr().out
    assert "0.8000 on ImageNet (class-restricted: its classes that imagenet-r has; 10,000 images)" in text
    assert "imagenet-r: effective robustness +15.00 points" in text
    assert "note:" not in text


def test_one_model_as_json(er: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--shift", "sketch", "--id", "0.7", "--ood", "0.25", "--json", "--n-id", "100", "--n-ood", "200", *EXACT]
    assert er(*words) == 0
    content = json.loads(capsys.readouterr().out)
    (baseline,), (point,) = content["baselines"], content["points"]
    assert (baseline["name"], baseline["shift"], baseline["n"], baseline["knee"]) == (
        *("imagenet-testbed", "imagenet-sketch", 7, None),
    )
    assert baseline["range"] == pytest.approx([0.55, 0.85])
    assert baseline["lines"][0]["slope"] == pytest.approx(0.5, abs=1e-4)
    assert (point["n_id"], point["n_ood"], point["in_range"], point["status"]) == (100, 200, True, "ok")
    assert point["er"] == pytest.approx(-10, abs=1e-3)
    assert point["er_low"] < -15 < -5 < point["er_high"]
    digest = sha256_file(tmp_path / "mirror" / place(URL))
    assert content["source"]["files"] == [{"url": URL, "sha256": digest}]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--id", "0.5"], "er: --shift, --ood missing; write for example datalines er --shift imagenet-v2"),
        (["--shift", "v2", "--id", "59.8", "--ood", "0.5"], "--id 59.8 is no fraction between 0 and 1; write 0.598"),
        (["--shift", "v2", "--id", "0.5", "--ood", "-1"], "--ood -1 is no fraction between 0 and 1; correct it"),
        (["--shift", "v2", "--id", "nan", "--ood", "0.1"], "--id nan is no fraction between 0 and 1; correct it"),
        (["--shift", "v2", "--id", "0.5", "--ood", "0.4", "--unit", "percent"], "leave --unit percent out"),
        (["--shift", "v2", "--id", "101", "--ood", "4", "--unit", "percent"], "--id 101 is no percent between 0 and"),
        (["--shift", "v2", "--id", "0.5", "--ood", "0"], "--ood is 0 %, which has no place on logit axes; write"),
        (["--shift", "v2", "--id", "1", "--ood", "0.5", "--axis", "probit"], "--id is 100 %, which has no place on"),
        (["--shift", "real", "--id", "0.5", "--ood", "0.4"], "imagenet-testbed has no imagenet-real; write one of"),
        (["--shift", "v2", "--id", ".5", "--ood", ".4", "--x", "class-restricted"], "no in-distribution set class-"),
        (["--shift", "v2", "--id", ".5", "--ood", ".4", "--one-line"], "--one-line is for imagenet-a, where the"),
        (["--shift", "a", "--id", ".5", "--ood", ".4"], "part below-knee: 2 rows, and a line needs 3"),
        (["--shift", "v2", "--id", ".5", "--ood", ".4", "--out", "x.csv"], "--out is for a table; write --csv FILE"),
        (["--csv", "own.csv", "--id", ".5"], "--csv is for a table, --id and --ood for one model; write one or"),
        (["--csv", "gone.csv"], "gone.csv cannot be read"),
        (["--baseline", "timm-in1k", "--shift", "v2", "--id", ".5", "--ood", ".4"], "published.timm is not declared"),
    ],
)
def test_what_cannot_be_answered(er: Call, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert er(*words) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("datalines: ")
    assert message in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shift", "imagenet-v3"], "'imagenet-v3' is no shift; did you mean 'imagenet-v2'? Write one of"),
        (["--baseline", "timm"], "invalid choice: 'timm'"),
        (["--axis", "log"], "invalid choice: 'log'"),
        (["--n-id", "0"], "'0' is no number of images; write a whole number above 0"),
    ],
)
def test_unknown_words(er: Call, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        er(*words)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_zero_and_one_have_a_place_on_linear_axes(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert er("--shift", "v2", "--id", "0.6", "--ood", "0", *EXACT) == 0
    assert capsys.readouterr().out.startswith("imagenet-v2: effective robustness -30.00 points")


def test_a_file_that_is_missing_and_cannot_be_fetched(
    er: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--shift", "v2", "--id", "0.7", "--ood", "0.5"]
    (tmp_path / "mirror" / place(URL)).rename(tmp_path / "kept.csv")
    assert er(*words) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"datalines: published.imagenet-testbed: {URL} is not here. To fetch it, write fetch: {{")
    assert f"put it at {tmp_path / 'mirror' / place(URL)}" in error
    monkeypatch.delenv(VARIABLE)
    target = tmp_path / DOWNLOADS / place(URL)
    assert er(*words) == 2
    assert f"put it at {target}, or at" in capsys.readouterr().err
    target.parent.mkdir(parents=True)
    (tmp_path / "kept.csv").rename(target)
    assert er(*words) == 0


def test_an_altered_file_is_refused(er: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mirror" / place(URL)
    path.write_bytes(path.read_bytes().replace(b"alexnet", b"alexnut"))
    assert er("--shift", "v2", "--id", "0.7", "--ood", "0.5") == 2
    assert f"published.imagenet-testbed: {URL} is here as a file that has the sha256" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "known", "notes"),
    [
        (["--shift", "v2"], (0.908285, -0.476017, 979), 0),
        (["--shift", "v2", "--rows", "all"], (0.907749, -0.475693, 1221), 1),
        (["--shift", "r", "--x", "class-restricted"], (0.708879, -2.261346, 979), 0),
        (["--shift", "a", "--one-line", "--axis", "probit"], (2.915155, -3.428414, 978), 1),
    ],
)
def test_baselines_of_timm(
    published: Call, capsys: pytest.CaptureFixture[str], words: list[str], known: tuple[float, ...], notes: int
) -> None:
    assert published("--baseline", "timm-in1k", "--id", "0.8", "--ood", "0.5", "--json", *words) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    (line,) = content["baselines"][0]["lines"]
    assert (round(line["slope"], 6), round(line["intercept"], 6), line["n"]) == known
    assert len(content["notes"]) == notes
    assert len(content["source"]["files"]) == 8


def test_two_lines_are_shown_and_the_one_that_counts_is_marked(
    published: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert published("--shift", "a", "--id", "0.95", "--ood", "0.3", "--x", "class-restricted") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "line      below the knee 0.9186, n 33: logit(y) = -5.1400 + 0.6894 logit(x), R² 0.410" in lines
    above = "line      above the knee 0.9186, n 51: logit(y) = -10.2774 + 2.9560 logit(x), R² 0.905, which counts here"
    assert above in lines
