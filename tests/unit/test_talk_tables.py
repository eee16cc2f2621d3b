"""Tables of the talk: what was typed in, the tables made of it, and the real files' numbers digit by digit."""

import importlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from datalines.errors import DatalinesError
from datalines.published.compare import IMPOSSIBLE
from datalines.published.frequencies import read_frequencies
from datalines.published.models import read_models
from datalines.published.testbed_file import read_testbed
from datalines.published.timm import read_timm
from datalines.published.vlhub import read_vlhub
from datalines.tables import Table, save_table
from tests.unit.published_files import MIRROR
from tests.unit.talk_tables import tables

ROOT = Path(__file__).parents[2]
TYPED = ROOT / "config" / "transcribed"
PAPER = yaml.safe_load((ROOT / "config" / "papers" / "talk.yaml").read_text())["papers"]["talk"]
SPECS: dict[str, dict[str, Any]] = PAPER["tables"]
RAW = MIRROR / "raw.githubusercontent.com"
TIMM = "huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
FREQUENCIES = "CVMI-Lab/clip-beyond-tail/6d180a24c818f1439aeeade33ebdc8b0b53a3b62/metadata/freqs"
CAPTIONS = "class_frequency_incaps_imagenet_ori.txt"
TESTBED = "modestyachts/imagenet-testbed/0170eec658d664289d9f61de8f90f967f49abca0/robustness_top1s.csv"
VLHUB = "penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata/meta-analysis-results.csv"


def typed(name: str) -> pd.DataFrame:
    """A transcribed table as the scripts are given it."""
    return pd.read_csv(TYPED / f"{name}.csv", dtype={"published": str})


def tabulate(slug: str, given: dict[str, pd.DataFrame], **options: Any) -> pd.DataFrame:
    spec = SPECS[slug]
    module = importlib.import_module(f"workflow.scripts.papers.{spec['script'].replace('/', '.')}")
    named = {table: given[table] for table in spec["tables"] if table in given}
    return module.tabulate(named, Table(spec["title"], {}, {**spec.get("options", {}), "notes": [], **options}))


@pytest.fixture(scope="module")
def toy() -> dict[str, pd.DataFrame]:
    names = ("cells", "items", "findings", "iwildcam", "fmow", "hypotheses")
    made = {f"published/{name}": table for name, table in tables().items()}
    return made | {f"published/talk-{name}": typed(f"talk-{name}") for name in names}


@pytest.fixture(scope="module")
def real(toy: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    if not (RAW / TESTBED).is_file():
        pytest.skip(f"{RAW} has no copies of the published files here")
    timm = {path.name: path for path in (RAW / TIMM).glob("*.csv")}
    made = {
        "imagenet-testbed": read_testbed(RAW / TESTBED, "imagenet-testbed"),
        "vlhub": read_vlhub(RAW / VLHUB, "vlhub"),
        "vlhub-models": read_models(RAW / VLHUB),
        "timm": read_timm(timm, "timm"),
        "frequencies": read_frequencies({CAPTIONS: RAW / FREQUENCIES / CAPTIONS}),
        "talk-accuracy-drop": typed("talk-accuracy-drop"),
    }
    return toy | {f"published/{name}": table for name, table in made.items()}


def test_drops_are_computed_from_the_slide() -> None:
    found = tabulate("tab-t01", {"published/talk-accuracy-drop": typed("talk-accuracy-drop")})
    assert found["Drop"].tolist() == found["Drop on the slide"].tolist() == [5, 13]


def test_leaderboards_are_those_of_the_slides(toy: dict[str, pd.DataFrame]) -> None:
    wild, land = tabulate("tab-t15", toy), tabulate("tab-t16", toy)
    assert (len(wild), len(land)) == (16, 15)
    assert wild.loc[0, "Test OOD macro F1"] == "43.3 (1.0) *" and land.loc[0, "Test worst region"] == "47.6 (0.33) *"
    assert land.loc[7, "Test accuracy"] == "54.0 (0.4)" and wild["Algorithm"].is_unique


def test_items_are_numbered_and_what_is_rebuilt_exists() -> None:
    items = typed("talk-items")
    assert items["item"].tolist() == [f"T-{number}" for number in range(1, 26)]
    made = set(items["rebuilt"].dropna())
    assert made <= {*PAPER["figures"], *PAPER["tables"]}
    assert items.loc[items["rebuilt"].isna(), "reason"].notna().all()


@pytest.mark.parametrize("slug", SPECS)
def test_tables_refuse_what_they_do_not_know(slug: str, toy: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(DatalinesError, match="options: 'axis' unknown"):
        tabulate(slug, toy, axis="logit")
    with pytest.raises(DatalinesError, match=r"list published/[a-z-]+ among its"):
        tabulate(slug, {})


def test_groups_of_known_heights(toy: dict[str, pd.DataFrame]) -> None:
    found = tabulate("tab-er", toy).set_index(["Set", "Group"])
    assert found.loc[("ImageNet-R", "Lp adversarially robust"), "Mean"] == pytest.approx(3)
    more = found.loc[("ObjectNet", "Trained with more data")]
    numbers = more[["n", "Mean", "Lowest", "Highest", "Above (%)", "Beyond"]].astype(float)
    assert numbers.tolist() == pytest.approx([2, 0.5, -0.5, 1.5, 50, 0])
    yfcc = found.loc[("Average of V2, Sketch, R, A", "CLIP, YFCC")]
    assert (yfcc["n"], yfcc["Beyond"]) == (4, 4) and yfcc["Mean"] == pytest.approx(4)
    assert ("ObjectNet", "CLIP, YFCC") not in found.index


def test_gains_stand_beside_the_slide(toy: dict[str, pd.DataFrame]) -> None:
    found = tabulate("tab-t08", toy).set_index("Set")
    assert found["Slide"].tolist() == [6, 51, 40, 35, 74]
    assert (
        found.loc["ImageNet-V2", "Above the line"] == pytest.approx(6) and found.loc[["ObjectNet"], "CLIP"].isna().all()
    )


def test_every_item_that_is_not_rebuilt_is_in_the_published_table(real: dict[str, pd.DataFrame]) -> None:
    found = tabulate("tab-published", real)
    places = found["Item"].str[2:].astype(int)
    assert places.is_monotonic_increasing
    for item in ("T-13", "T-14", *(f"T-{number}" for number in range(21, 26))):
        rows = found[found["Item"] == item]
        assert len(rows) and (rows["Verdict"] == IMPOSSIBLE).all() and rows["Reason"].str.len().gt(10).all()
    assert found["Published"].notna().all()


def test_published_numbers_of_the_talk(real: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    found = tabulate("tab-published", real)
    keyed = found.set_index(["Item", "Cell"])
    known = {
        ("T-1", "Model B, accuracy drop (points)"): (13.0, "equal"),
        ("T-8", "ImageNet-V2, CLIP above the line at its accuracy (points)"): (6.4491, "equal"),
        ("T-8", "ImageNet-R, CLIP above the line at its accuracy (points)"): (51.8790, "within rounding"),
        ("T-8", "ImageNet-Sketch, CLIP above the line at its accuracy (points)"): (36.0983, "differs"),
        ("T-8", "ImageNet-A, CLIP above the line at its accuracy (points)"): (73.1516, "within rounding"),
        ("T-8", "ImageNet-V2, CLIP less ResNet-101 (points)"): (5.36, "within rounding"),
        ("T-8", "ImageNet-A, CLIP less ResNet-101 (points)"): (72.8667, "differs"),
        ("T-17", "CLIP, training pairs (millions)"): (400.0, "equal"),
        ("T-20", "ImageNet-Captions, images (thousands)"): (448.896, "differs"),
    }
    for key, (value, verdict) in known.items():
        row = keyed.loc[key]
        assert (round(float(row["Recomputed"]), 4), row["Verdict"]) == (value, verdict)
    paths = save_table(found, Table("Published", {}, {"digits": 2}), tmp_path / "published")
    assert all(path.stat().st_size for path in paths)


def test_numbers_of_findings(real: dict[str, pd.DataFrame]) -> None:
    found = tabulate("tab-findings", real).set_index("Finding")["Measured"]
    known = {
        "captions-size": 448_896,
        "captions-classes": 999,
        "objectnet-size": 18_514,
        "sketch-size": 50_889,
        "names-left-out": 2,
        "yfcc-sizes": 3,
        "parameters": 367.32,
        "line-of-others": 0.907749,
        "in-distribution-set": 0.911591,
        "wise-ft-row": 15.2,
    }
    assert {name: round(float(found[name]), 6) for name in known} == known
    assert found["humans":"humans"].isna().all() and (found["wise-ft-gain"] < 0 < found["yfcc-on-the-line"] < 2)


def test_groups_of_the_real_files(real: dict[str, pd.DataFrame]) -> None:
    found = tabulate("tab-er", real).set_index(["Set", "Group"])
    more = found.loc[("ImageNet-V2", "Trained with more data")]
    assert (more["n"], round(more["Mean"], 2), round(more["Highest"], 2)) == (41, 0.53, 2.12)
    parts = found.loc[("ImageNet-V2", "Subsets of ImageNet")]
    assert (parts["n"], round(parts["Lowest"], 3), round(parts["Highest"], 3)) == (5, 0.056, 0.458)
    assert found.loc[("ImageNet-V2", "CLIP, OpenAI's 400M pairs"), "Lowest"] > more["Highest"]
