"""The Imbalance paper's released class frequencies as they are: sums, rare classes and correlations, digit by digit."""

from pathlib import Path

import pandas as pd
import pytest

from datalines.published.compare import DIFFERS, EQUAL, IMPOSSIBLE, compare
from datalines.published.frequencies import read_frequencies
from datalines.published.imbalance import MATRICES, correlations, measured, recomputed
from datalines.published.ranked import SOURCES, class_counts, ranked, spearman, tail, totals
from datalines.tables import Table
from tests.unit.published_files import MIRROR
from workflow.scripts.papers.imbalance import tab_findings, tab_published

REPOSITORY = Path(__file__).parents[2]
COMMIT = "6d180a24c818f1439aeeade33ebdc8b0b53a3b62"
FOLDER = MIRROR / "raw.githubusercontent.com" / "CVMI-Lab" / "clip-beyond-tail" / COMMIT / "metadata" / "freqs"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    files = sorted(FOLDER.glob("class_frequency_*.txt")) if FOLDER.is_dir() else []
    if not files:
        pytest.skip(f"{FOLDER} is not here")
    return read_frequencies({file.name: file for file in files})


def transcribed(name: str) -> pd.DataFrame:
    return pd.read_csv(REPOSITORY / "config" / "transcribed" / f"imbalance-{name}.csv", dtype={"published": str})


@pytest.mark.parametrize(
    ("concepts", "source", "total", "empty", "largest", "name"),
    [
        ("imagenet", "cc12m", 4_004_439, 4, 266_643, "T-shirt"),
        ("imagenet", "yfcc15m", 3_418_328, 2, 279_685, "website"),
        ("imagenet", "laion400m", 93_654_164, 0, 6_137_117, "T-shirt"),
        ("imagenet", "laion2b", 551_192_835, 0, 36_561_307, "T-shirt"),
        ("imagenet", "metaclip-400m", 27_917_371, 0, 409_873, "tea cup"),
        ("imagenet", "metaclip-2.5b", 227_877_217, 0, 3_257_621, "tea cup"),
        ("imagenet", "cc12m-cls", 3_480_797, 16, 202_905, "T-shirt"),
        ("imagenet", "yfcc15m-cls", 2_898_096, 53, 309_243, "website"),
        ("imagenet", "incaps", 448_896, 1, 961, "koala"),
        ("imagenet100", "incaps", 44_548, 0, 847, "leafhopper"),
        ("imagenet", "incaps-n44548", 44_548, 3, 98, "pomegranate"),
        ("imagenet", "laionet-thresh0.7", 3_256_561, 57, 163_388, "website"),
        ("imagenet", "laionet-match-incap", 416_489, 1, 942, "koala"),
        ("imagenet", "laionet-thresh0.7-n448896", 448_896, 57, 22_631, "website"),
        ("imagenet", "laionet-thresh0.75-n448896", 448_896, 57, 26_930, "website"),
        ("imagenet", "laionet-thresh0.8-n448896", 448_896, 57, 30_674, "website"),
        ("imagenet", "laionet-thresh0.82-n448896", 448_896, 57, 30_074, "website"),
    ],
)
def test_sums_of_imagenet(
    rows: pd.DataFrame, concepts: str, source: str, total: int, empty: int, largest: int, name: str
) -> None:
    found = totals(rows).set_index(["concepts", "source"]).loc[(concepts, source)]
    assert found[["total", "empty", "largest", "largest_class"]].tolist() == [total, empty, largest, name]


def test_sums_of_laionet(rows: pd.DataFrame) -> None:
    found = totals(rows).set_index("source")
    known = {"0.75": 1_925_250, "0.8": 879_460, "0.82": 576_276, "0.85": 260_713, "0.88": 88_882, "0.9": 36_465,
             "0.7-frac0.5": 1_628_287, "0.7-frac0.25": 814_158, "0.7-frac0.125": 407_100, "0.7-frac0.0625": 203_580,
             "0.7-frac0.03125": 101_848}  # fmt: skip
    for ending, total in known.items():
        assert found.loc[f"laionet-thresh{ending}", ["total", "empty"]].tolist() == [total, 57]


@pytest.mark.parametrize(
    ("concepts", "known"),
    [
        ("cub", (7_218, 36_427, 311_814, 1_525_054, 102_339, 850_393)),
        ("food101", (141_228, 102_968, 2_297_837, 12_374_823, 1_167_991, 9_591_436)),
        ("pets", (36_416, 16_124, 731_592, 4_181_106, 413_951, 3_586_362)),
        ("flowers102", (66_687, 101_026, 3_633_379, 19_409_227, 676_244, 5_262_958)),
        ("places365", (3_441_708, 4_342_209, 45_533_125, 280_551_815, 8_446_440, 68_141_223)),
        ("eurosat", (963_468, 1_050_610, 13_882_068, 95_950_198, 1_947_388, 15_021_216)),
        ("dtd", (77_905, 45_854, 2_866_859, 18_192_934, 491_641, 4_076_747)),
    ],
)
def test_sums_of_other_concept_sets(rows: pd.DataFrame, concepts: str, known: tuple[int, ...]) -> None:
    order = ["cc12m", "yfcc15m", "laion400m", "laion2b", "metaclip-400m", "metaclip-2.5b"]
    assert tuple(class_counts(rows, concepts, order).sum()) == known


def test_classes_that_metaclip_has_no_entry_of(rows: pd.DataFrame) -> None:
    for concepts, empty in (("cub", 126), ("places365", 140)):
        assert (class_counts(rows, concepts, ["metaclip-400m"]) == 0).to_numpy().sum() == empty


def test_correlations_on_imagenet_to_four_digits(rows: pd.DataFrame) -> None:
    cc, yfcc, l400, m400, l2b, m25 = SOURCES
    known = {(cc, yfcc): 0.8187, (cc, l400): 0.9330, (cc, m400): 0.7565, (cc, l2b): 0.9328, (cc, m25): 0.7657,
             (yfcc, l400): 0.7815, (yfcc, m400): 0.6856, (yfcc, l2b): 0.7730, (yfcc, m25): 0.6792,
             (l400, m400): 0.7609, (l400, l2b): 0.9943, (l400, m25): 0.7720, (m400, l2b): 0.7636,
             (m400, m25): 0.9966, (l2b, m25): 0.7751}  # fmt: skip
    matrix = spearman(class_counts(rows, "imagenet", list(SOURCES)))
    assert {pair: round(float(matrix.loc[pair]), 4) for pair in known} == known


def test_all_correlations_of_figure_13_are_the_printed_ones(rows: pd.DataFrame) -> None:
    cells = transcribed("cells").set_index(["item", "cell"])["published"]
    found = correlations(rows)
    assert len(found) == 15 * len(MATRICES)
    assert {key: f"{value:.2g}" for key, value in found.items()} == {key: cells[key] for key in found}


def test_rare_classes_of_yfcc(rows: pd.DataFrame) -> None:
    counts = class_counts(rows, "imagenet", ["yfcc15m"])["yfcc15m"]
    rare, printed = tail(counts, 10), transcribed("tab-01")
    assert rare.tolist() == printed["frequency"].tolist()
    named = printed.dropna(subset=["name"])
    assert counts[named["name"]].tolist() == named["frequency"].tolist() == [1, 1, 1, 0, 0]


def test_classes_of_figure_17(rows: pd.DataFrame) -> None:
    order = ranked(class_counts(rows, "imagenet", ["laion400m"]), "laion400m").index[::40]
    assert order[2:10].tolist() == [
        "mobile phone", "throne", "goose", "tool kit", "gorilla", "shipwreck", "whistle", "red fox",
    ]  # fmt: skip


def test_what_can_be_recomputed_of_the_paper(rows: pd.DataFrame) -> None:
    cells = transcribed("cells")
    found = compare(cells, recomputed(rows, transcribed("tab-01"), transcribed("tab-02")))
    assert found["verdict"].value_counts().to_dict() == {EQUAL: 181, IMPOSSIBLE: 89, DIFFERS: 3}
    differs = found[found["verdict"] == DIFFERS].set_index("cell")["recomputed"].round(6).to_dict()
    assert differs == {
        "classes in a batch of 1,024, IN-Caps": 610.594784,
        "LAIONet =freq, millions of images": 0.416489,
        "LAIONet, 3.125 % subset, percent of all images": 3.127471,
    }


def test_tables_of_published_numbers_and_findings(rows: pd.DataFrame) -> None:
    names = ("cells", "findings", "tab-01", "tab-02")
    tables = {"published/frequencies": rows, **{f"published/imbalance-{name}": transcribed(name) for name in names}}
    numbers = tab_published.tabulate(tables, Table("Numbers", {}, {"digits": 4}))
    assert numbers["Cell"].tolist() == transcribed("cells")["cell"].tolist()
    findings = tab_findings.tabulate(tables, Table("Findings"))
    assert len(findings) == len(transcribed("findings"))
    assert findings.set_index("Finding")["Measured"].notna().sum() == len(measured(rows))


def test_findings_that_the_frequencies_measure(rows: pd.DataFrame) -> None:
    found = measured(rows)
    assert set(found) <= set(transcribed("findings")["finding"])
    assert found["matched-size"].startswith("416,489 images against 448,896")
    assert found["ten-percent"].endswith("9.92 %")
    assert "62 in 64, 222 in 256, 611 in 1024" in found["vocabulary-of-the-batch"]
