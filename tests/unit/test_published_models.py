"""VL Hub's file as one row per model: columns, remarks on what is odd, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from datalines.published.models import COLUMNS, MEASURES, SETS, mean_of_shifts, read_models
from datalines.published.reading import PublishedError
from tests.unit.published_files import MIRROR, Cells, write

METADATA = "raw.githubusercontent.com/penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata"
STEMS = {"imagenet": "imagenet", "in100": "in100", "in100-dogs": "in100-dogs-"}
SHARES = {"v2": 0.6, "s": 0.3, "r": 0.4, "a": 0.1}
Change = Callable[[Cells], object]


def model(name: str, dataset: str = "in1k", samples: str = "1200000", **more: str) -> dict[str, str]:
    """One row in the format of the file."""
    row = {"name": name, "updated_name": f"{name}.tag", "dataset": dataset, "image_size": "224", "image_size_cat": "S"}
    row |= {"param_count": "25.5", "size": "S", "architecture": "Convolution", "technique": "Conventional"}
    row["dataset-size"] = samples
    for label_set, stem in STEMS.items():
        row[f"{label_set}-zeroshot-val-top1"] = "0.7"
        row |= {f"{stem}{shift}-zeroshot-val-top1": str(share) for shift, share in SHARES.items()}
        row |= {f"{label_set}-average-robustness": "0.35", f"{label_set}-effective-robustness": "0.5"}
    return row | more


def cells() -> Cells:
    """Six models: one plain, two of one name, one without parameters, one without IN100, two on YFCC."""
    low = {"imagenet-zeroshot-val-top1": "0.6"}
    without = {key: "" for key in model("x") if key.startswith("in100")}
    hub = {"technique": "VL", "architecture": "convolution"}
    return [
        model("resnet18"),
        model("resnet18", **low),
        model("vit", param_count="0", architecture="ViT", size="L"),
        model("lit", "laion", "15000000", technique="LiT", **without, **{"imagenets-zeroshot-val-top1": "0.65"},
              **{"imagenet-average-robustness": "0.4375"}),
        model("CLIP-RN50-yfcc15m", "yfcc15m", "15000000", **hub),
        model("CLIP-RN50-yfcc2m", "yfcc15m", "15000000", **hub, **{"in100-dogs-average-robustness": "0.3"}),
    ]  # fmt: skip


def test_file_becomes_a_row_per_model(tmp_path: Path) -> None:
    rows = read_models(write(tmp_path / "v.csv", cells()))
    assert list(rows) == COLUMNS
    assert rows["model"].tolist() == ["resnet18", "resnet18 (2)", "vit", "lit", "CLIP-RN50-yfcc15m", "CLIP-RN50-yfcc2m"]
    assert rows["remarks"].tolist() == [
        *["", "second-of-name", "no-params", "no-in100;sketch-above-v2", ""],
        "average-differs;size-of-dataset-differs",
    ]
    assert rows["architecture"].tolist() == ["convolution"] * 2 + ["vit"] + ["convolution"] * 3
    assert rows["dataset_size"].tolist() == [1_200_000] * 3 + [15_000_000] * 3
    first = rows.iloc[0]
    assert [first[f"dogs_{measure}"] for measure in MEASURES] == [0.7, 0.6, 0.3, 0.4, 0.1, 0.35, 0.5]
    assert (first["updated_name"], first["image_size"], first["resolution"], first["params"]) == (
        *("resnet18.tag", 224),
        *("S", 25.5),
    )
    lit = rows.iloc[3]
    assert lit[[f"{name}_{measure}" for name in SETS[1:] for measure in MEASURES]].isna().all()
    assert mean_of_shifts(rows, "imagenet").tolist() == pytest.approx([0.35] * 3 + [0.4375] + [0.35] * 2)
    assert mean_of_shifts(rows, "in100").isna().tolist() == [False] * 3 + [True] + [False] * 2


def test_a_size_unlike_that_of_the_same_data_is_remarked(tmp_path: Path) -> None:
    rows = read_models(write(tmp_path / "v.csv", [*cells(), model("deit", samples="14200000")]))
    assert rows["remarks"].iloc[-1] == "size-of-dataset-differs"


def set_cell(place: int, column: str, value: str) -> Change:
    return lambda found: found[place].update({column: value})


def rename(found: Cells) -> None:
    for row in found:
        row["in100-v2-zeroshot-val-top1"] = row.pop("in100v2-zeroshot-val-top1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename, "column 'in100v2-zeroshot-val-top1' is missing; did you mean 'in100"),
        (set_cell(0, "in100-zeroshot-val-top1", "70"), "70 is not between 0 and 1; fractions are expected"),
        (set_cell(0, "technique", "CLIP"), "record 2, column 'technique': 'CLIP' is not known; write one of Convent"),
        (set_cell(1, "architecture", "Transformer"), "record 3, column 'architecture': 'transformer' is not known"),
        (set_cell(1, "size", "XL"), "record 3, column 'size': 'XL' is not known; write one of S, M, L"),
        (set_cell(2, "param_count", "many"), "record 4, column 'param_count': 'many' is no number"),
        (set_cell(2, "param_count", "-1"), "record 4, column 'param_count': -1 is no number of at least 0"),
        (set_cell(2, "dataset-size", "1.5"), "record 4, column 'dataset-size': 1.5 is no whole number"),
        (set_cell(2, "image_size", ""), "record 4 has no image_size"),
        (lambda found: found.append(dict(found[2])), "name vit has several rows"),
    ],
)
def test_another_file_is_refused(change: Change, message: str, tmp_path: Path) -> None:
    found = cells()
    change(found)
    with pytest.raises(PublishedError, match=message):
        read_models(write(tmp_path / "v.csv", found))


def test_real_file() -> None:
    path = MIRROR / METADATA / "meta-analysis-results.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    rows = read_models(path)
    assert len(rows) == 659 and rows["model"].is_unique
    remarks = rows["remarks"].str.split(";").explode().value_counts().to_dict()
    del remarks[""]
    assert remarks == {
        "no-in100": 5, "second-of-name": 7, "average-differs": 1, "sketch-above-v2": 4, "no-params": 7,
        "size-of-dataset-differs": 5,
    }  # fmt: skip
    assert rows["size"].value_counts().to_dict() == {"S": 440, "M": 130, "L": 89}
    cut = pd.cut(rows["params"], [-1, 50, 100, 1e6], right=False, labels=["S", "M", "L"])
    assert cut.value_counts().to_dict() == {"S": 444, "M": 127, "L": 88}
    assert rows["resolution"].value_counts().to_dict() == {"S": 391, "M": 230, "L": 38}
    known = {"convolution": 386, "vit": 212, "regnet": 35, "mlp": 12, "hybrid": 11, "lstm": 3}
    assert rows["architecture"].value_counts().to_dict() == known
    assert round(rows["imagenet_val"].corr(rows["imagenet_average"]), 5) == 0.66318
    odd = rows.set_index("model").loc["CLIP-RN50-WIT-400m"]
    assert odd["imagenet_average"] == 0.497
    assert round(mean_of_shifts(rows, "imagenet")[rows["model"] == "CLIP-RN50-WIT-400m"].item(), 4) == 0.4306
