"""Tables of class frequencies: what their names say, which of two twins is kept, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest

from datalines.published.filenames import counted
from datalines.published.frequencies import CLASSES, COLUMNS, read_frequencies
from datalines.published.reading import PublishedError
from tests.unit.published_files import MIRROR

FREQS = "raw.githubusercontent.com/CVMI-Lab/clip-beyond-tail/6d180a24c818f1439aeeade33ebdc8b0b53a3b62/metadata/freqs"
NAMES = [f"land {number}" for number in range(CLASSES["eurosat"])]
COUNTS = [5, 90, 0, 7, 30, 30, 2, 1, 64, 8]


def lines(counts: list[int], names: list[str] = NAMES) -> str:
    return "".join(f"{name}\t{count}\n" for name, count in zip(names, counts, strict=True))


def by_count(counts: list[int]) -> str:
    order = sorted(range(len(counts)), key=lambda place: -counts[place])
    return lines([counts[place] for place in order], [NAMES[place] for place in order])


def write(folder: Path, texts: dict[str, str]) -> dict[str, Path]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in texts}


@pytest.mark.parametrize(
    ("file", "known"),
    [
        ("class_frequency_cc12m_imagenet.txt", ("imagenet", "cc12m", False)),
        ("class_frequency_metaclip_fullcc_imagenet_ori.txt", ("imagenet", "metaclip-2.5b", True)),
        ("class_frequency_metaclip_400m_places365.txt", ("places365", "metaclip-400m", False)),
        ("class_frequency_yfcc15m_cls_imagenet_ori.txt", ("imagenet", "yfcc15m-cls", True)),
        ("class_frequency_incaps_imagenet100_ori.txt", ("imagenet100", "incaps", True)),
        ("class_frequency_incaps_title_only_imagenet_ori.txt", ("imagenet", "incaps-title-only", True)),
        ("class_frequency_incaps_n44548_ori.txt", ("imagenet", "incaps-n44548", True)),
        ("class_frequency_laionet_thresh0.7_frac0.5_ori.txt", ("imagenet", "laionet-thresh0.7-frac0.5", True)),
        ("class_frequency_laionet_match_incap_ori.txt", ("imagenet", "laionet-match-incap", True)),
        ("frequency_cc12m.txt", None),
        ("class_frequency_cc12m.csv", None),
    ],
)
def test_names_of_files(file: str, known: tuple[str, str, bool] | None) -> None:
    assert counted(file) == known


def test_tables_become_one(tmp_path: Path) -> None:
    files = {"class_frequency_b_eurosat_ori.txt": lines(COUNTS), "class_frequency_a_eurosat.txt": by_count(COUNTS)}
    rows = read_frequencies(write(tmp_path, files))
    assert list(rows) == COLUMNS
    assert list(dict.fromkeys(rows["source"])) == ["b", "a"]
    ordered, sorted_rows = rows[rows["source"] == "b"], rows[rows["source"] == "a"]
    assert ordered["class"].tolist() == NAMES and ordered["count"].tolist() == COUNTS
    assert ordered["index"].tolist() == list(range(10))
    assert sorted_rows["count"].tolist() == sorted(COUNTS, reverse=True)
    assert sorted_rows["index"].isna().all()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    again = pd.read_csv(tmp_path / "rows.csv", dtype={"index": "Int64"})
    pd.testing.assert_frame_equal(again, rows, check_dtype=False)


@pytest.mark.parametrize("first", ["_ori", ""])
def test_of_twins_the_one_in_order_of_classes_is_kept(first: str, tmp_path: Path) -> None:
    texts = {"_ori": lines(COUNTS), "": by_count(COUNTS)}
    order = sorted(texts, key=lambda end: end != first)
    files = write(tmp_path, {f"class_frequency_a_eurosat{end}.txt": texts[end] for end in order})
    rows = read_frequencies(files)
    assert rows["index"].tolist() == list(range(10)) and rows["class"].tolist() == NAMES


@pytest.mark.parametrize(
    ("end", "text", "message"),
    [
        (
            "",
            by_count(COUNTS).replace("land 3\t7", "land 3\t6"),
            "land 3 has 6 and in .*_ori.txt 7; both count the same",
        ),
        ("", by_count(COUNTS).replace("land 3", "land x"), "land x has 7 and in .*_ori.txt no row"),
        ("", lines(COUNTS), "a file without _ori in its name is ordered by count, and this one is not"),
        ("_b", "", "line 1 is 'x'"),
    ],
)
def test_twins_that_differ_are_refused(end: str, text: str, message: str, tmp_path: Path) -> None:
    files = {"class_frequency_a_eurosat_ori.txt": lines(COUNTS)}
    name = "class_frequency_b_eurosat.txt" if end else "class_frequency_a_eurosat.txt"
    with pytest.raises(PublishedError, match=message):
        read_frequencies(write(tmp_path, {**files, name: text or "x\n"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines(COUNTS).replace("land 4\t30", "land 4 30"), "line 5 is 'land 4 30'; a line is a class's name, one tab"),
        (lines(COUNTS).replace("land 4\t30", "land\t4\t30"), "line 5 is"),
        (lines(COUNTS).replace("\t30", "\t-30", 1), "line 5 is"),
        (lines(COUNTS).replace("\t30", "\t0.3", 1), "line 5 is"),
        (lines(COUNTS).replace("land 4", "land 3"), "class land 3 has several rows"),
        (lines(COUNTS).replace("land 4", ""), "record 5 has no class"),
        (lines(COUNTS[:9], NAMES[:9]), "9 classes, and eurosat has 10"),
        ("", "0 classes, and eurosat has 10"),
    ],
)
def test_other_files_than_frequencies_are_refused(text: str, message: str, tmp_path: Path) -> None:
    files = write(tmp_path, {"class_frequency_a_eurosat_ori.txt": text})
    with pytest.raises(PublishedError, match=message) as raised:
        read_frequencies(files)
    assert str(tmp_path) in str(raised.value)


def test_names_of_another_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match=r"the declaration has .*; a table of class frequencies is named"):
        read_frequencies(write(tmp_path, {"counts.txt": lines(COUNTS)}))


def test_real_tables() -> None:
    folder = MIRROR / FREQS
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    rows = read_frequencies({path.name: path for path in sorted(folder.glob("*.txt"))})
    totals = rows.groupby(["concepts", "source"])["count"].sum()
    zeros = rows[rows["count"] == 0].groupby(["concepts", "source"]).size()
    known = {
        "cc12m": (4_004_439, 4), "yfcc15m": (3_418_328, 2), "laion400m": (93_654_164, 0), "laion2b": (551_192_835, 0),
        "metaclip-400m": (27_917_371, 0), "metaclip-2.5b": (227_877_217, 0), "cc12m-cls": (3_480_797, 16),
        "yfcc15m-cls": (2_898_096, 53), "incaps": (448_896, 1), "laionet-thresh0.7": (3_256_561, 57),
        "laionet-match-incap": (416_489, 1),
    }  # fmt: skip
    for source, (total, empty) in known.items():
        assert (totals["imagenet", source], zeros.get(("imagenet", source), 0)) == (total, empty)
    assert totals["cub", "cc12m"] == 7_218 and totals["dtd", "laion2b"] == 18_192_934
    assert zeros["cub", "metaclip-400m"] == 126 and zeros["places365", "metaclip-400m"] == 140
    tail = rows[(rows["concepts"] == "imagenet") & (rows["source"] == "yfcc15m")]["count"]
    assert [(tail < 10).sum(), (tail < 5).sum(), (tail == 1).sum(), (tail == 0).sum()] == [29, 20, 6, 2]
    assert len(totals) == 76
