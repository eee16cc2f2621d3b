"""What `datalines er` answers about a table of models: its columns, its rows, and names that people write."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from datalines.fetch.mirror import place
from datalines.published import arguments, own_models, tidy
from datalines.published.names import BASELINES, COMMON, LONG, SHIFTS, plain, shift_named
from datalines.published.own_models import OUT_COLUMNS, parse_columns
from datalines.published.reading import PublishedError
from datalines.robustness.transforms import AXES
from tests.unit import er_checkouts
from tests.unit.er_checkouts import SECTION_FILE, URL, Call
from tests.unit.published_files import MIRROR

EXACT = ["--axis", "linear"]


@pytest.fixture
def er(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in a checkout with a small testbed."""
    return er_checkouts.small(tmp_path, monkeypatch)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command on the real files."""
    return er_checkouts.real(monkeypatch)


def of_text(text: str) -> pd.DataFrame:
    """The table that the command printed."""
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values={"er": [""], "id": [""]})


def put(text: str) -> Path:
    """A table of models in the current folder."""
    path = Path("own.csv")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_columns_guessed(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        "Model Name,ImageNet 1k,ImageNet v2,imagenet-real,ImageNet-R\n"
        "one,0.7,0.5,0.9,0.35\ntwo,0.3,0.2,0.9,\nthree,70,0.5,0.9,x\nfour,0.66,0,0.9,0.4\n"
    )
    assert er("--csv", "own.csv", "--axis", "probit") == 0
    shown = capsys.readouterr()
    rows = of_text(shown.out)
    assert list(rows.columns) == OUT_COLUMNS
    assert list(zip(rows["record"], rows["model"], rows["shift"], rows["status"], strict=True)) == [
        (2, "one", "imagenet-v2", "ok"),
        (2, "one", "imagenet-r", "ok"),
        (3, "two", "imagenet-v2", "outside-range"),
        (3, "two", "imagenet-r", "missing"),
        (4, "three", "imagenet-v2", "off-scale"),
        (4, "three", "imagenet-r", "off-scale"),
        (5, "four", "imagenet-v2", "at-0-or-100"),
        (5, "four", "imagenet-r", "ok"),
    ]
    assert list(rows["er"].notna()) == [True, True, True, False, False, False, False, True]
    assert shown.err.splitlines()[:3] == [
        "own.csv: columns guessed: id=ImageNet 1k,imagenet-v2=ImageNet v2,imagenet-r=ImageNet-R,model=Model Name",
        "If that is wrong, write --columns with the right ones.",
        "imagenet-testbed has no imagenet-real, so that is left out",
    ]
    assert "3 ok, 1 outside-range, 1 missing, 2 off-scale, 1 at-0-or-100" in shown.err
    assert "warning: outside-range" in shown.err


def test_a_table_gives_what_single_models_give(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    put('net,"top 1, strict",v2acc\nx,70.0,50.5\n')
    words = ["--columns", '"id=top 1, strict",v2=v2acc,model=net', "--unit", "percent", "--n-ood", "900"]
    assert er("--csv", "own.csv", *words) == 0
    shown = capsys.readouterr()
    (row,) = of_text(shown.out).to_dict("records")
    assert "own.csv: columns id=top 1, strict,imagenet-v2=v2acc,model=net\n" in shown.err
    assert er("--shift", "v2", "--id", "0.7", "--ood", "0.505", "--n-ood", "900", "--json") == 0
    (point,) = json.loads(capsys.readouterr().out)["points"]
    assert {**row, "record": 1, "model": ""} == pytest.approx(point)


def test_a_column_without_its_shift_needs_one(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    put("\ufeffname,id,ood\nx,0.7,0.5\n")
    assert er("--csv", "own.csv") == 2
    assert "own.csv: column 'ood' does not tell its shift; write --shift NAME" in capsys.readouterr().err
    assert er("--csv", "own.csv", "--shift", "sketch", *EXACT) == 0
    (row,) = of_text(capsys.readouterr().out).to_dict("records")
    assert (row["model"], row["shift"], round(row["er"], 2)) == ("x", "imagenet-sketch", 15.0)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_table_into_a_file(er: Call, capsys: pytest.CaptureFixture[str], form: str) -> None:
    put("model,val,v2\nx,0.7,0.5\ny,0.6,\n")
    more = ["--json"] if form == "json" else []
    assert er("--csv", "own.csv", *more) == 0
    printed = capsys.readouterr().out
    assert er("--csv", "own.csv", "--out", "deep/out.txt", *more) == 0
    assert capsys.readouterr().out == ""
    assert Path("deep/out.txt").read_text(encoding="utf-8") == printed
    if form == "json":
        assert json.loads(printed)["points"][1]["er"] is None


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("model,val,v2\nx,70,50\n", [], "column 'val' is mostly above 1 (its median is 70), and fractions are"),
        ("model,val,v2\nx,0.7,50\n", [], "column 'v2' is mostly above 1"),
        ("model,val,v2\nx,0.7,50\n", ["--unit", "percent"], "column 'val' has no value above 1, and percent is"),
        ("model,v2\nx,0.7\n", [], "no column holds in-distribution accuracies; write --columns id=NAME,imagenet-v2"),
        ("model,val\nx,0.7\n", [], "no column holds accuracies on a shift; write --columns id=val,imagenet-v2=NAME"),
        ("model,val,v2\nx,0.7,0.5\n", ["--shift", "r"], "no column holds accuracies on imagenet-r; write --columns"),
        ("model,val,v2\nx,0.7,0.5\n", ["--columns", "id=vall,v2=v2"], "own.csv has no column 'vall' for id; did you"),
        ("model,val,v2\nx,0.7,0.5\n", ["--columns", "id"], "--columns: 'id' is no pair; write for example id=val"),
        ("model,val,v2\nx,0.7,0.5\n", ["--columns", "id=val,v3=v2"], "--columns: 'v3' is no shift"),
        ("model,val,v2\nx,0.7,0.5\n", ["--columns", "id=val,v2=v2,imagenet-v2=v2"], "imagenet-v2 is there twice"),
        ("model,val,v2\nx,0.7,0.5\n", ["--columns", "id=val,v2=v2,ood=v2"], "ood stands for one shift; leave it out"),
        ("model,val,v2\nx,,0.5\ny,0.5,z\n", [], "no row that can be held against a line: 1 missing, 1 no-number"),
        ("model,val,real\nx,0.7,0.5\n", [], "imagenet-testbed has no imagenet-real; write one of"),
        ("model,val,r,objectnet\nx,0.7,0.5,0.4\n", ["--x", "class-restricted"], "other classes each, and --x class-"),
        ("model,val,v2\nx,0.7\n", [], "record 2 has 2 cells, the header 3"),
        ("model,val,val,v2\nx,0.7,0.7,0.5\n", [], "column 'val' is there 2 times"),
        ("model,val,v2\n", [], "there is a header and no row"),
        ("", [], "no column holds in-distribution accuracies"),
    ],
)
def test_tables_that_cannot_be_answered(
    er: Call, capsys: pytest.CaptureFixture[str], text: str, words: list[str], message: str
) -> None:
    put(text)
    assert er("--csv", "own.csv", *words) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""


def test_a_file_that_is_no_text(er: Call, capsys: pytest.CaptureFixture[str]) -> None:
    Path("own.csv").write_bytes(b"\xff\xfe\x00")
    assert er("--csv", "own.csv") == 2
    assert "own.csv cannot be read" in capsys.readouterr().err


def test_a_published_table_needs_no_columns_named(published: Call, capsys: pytest.CaptureFixture[str]) -> None:
    path = MIRROR / place(URL.replace("/r.csv", "/robustness_top1s.csv"))
    assert published("--csv", str(path), "--unit", "percent") == 0
    rows = of_text(capsys.readouterr().out).set_index(["model", "shift"])
    assert len(rows) == 338 * 5
    er = rows["er"].round(4).to_dict()
    assert er[("resnet50_clip_zeroshot", "imagenet-v2")] == 5.7937
    assert er[("vit_b_32_clip_zeroshot", "imagenet-sketch")] == 28.0189
    assert rows.loc[("resnet50", "imagenet-a"), "status"] == "at-0-or-100"


def test_names_fit_those_of_the_library() -> None:
    assert set(arguments.AXES) == set(AXES)
    assert arguments.X_SETS == (tidy.FULL, tidy.RESTRICTED)
    assert set(arguments.UNITS) == set(own_models.UNITS)
    section = yaml.safe_load(SECTION_FILE.read_text(encoding="utf-8"))["published"]
    assert set(BASELINES.values()) <= set(section)
    assert set(COMMON) == {"model", "id", "ood", *SHIFTS}
    names = [name for several in COMMON.values() for name in several]
    assert len(names) == len(set(names))
    assert all(plain(name) == name for name in names)


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts_are_known_by_both_names(name: str) -> None:
    assert shift_named(name) == name
    assert shift_named(SHIFTS[name]) == name
    assert LONG[SHIFTS[name]] == name


def test_columns_as_written() -> None:
    assert parse_columns(' id=val, v2=a=b ,"model=name, long"') == {
        "id": "val",
        "imagenet-v2": "a=b ",
        "model": "name, long",
    }
    with pytest.raises(PublishedError, match="'val' is no pair"):
        parse_columns("id=x,val")
