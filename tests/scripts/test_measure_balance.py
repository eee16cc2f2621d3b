"""The script that measures class balance, on the indices of pools that stand for every kind."""

from pathlib import Path

import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json, write_json
from datalines.indicators import left_skew
from datalines.tables import Table
from tests.unit.tiny_index import write_shards
from workflow.scripts import measure_balance
from workflow.scripts.papers.indicators import tab_balance

SIZES = [(24, 24)]
LABELS = {
    "photo": ["dog"] * 6 + ["cat"] * 3 + ["house"],
    "web": None,
    "mixed": ["dog", None, "cat", "dog", None],
}
CLASSES = {"photo": ["cat", "dog", "house", "person"], "web": None, "mixed": None}


@pytest.fixture
def manifests(tmp_path: Path) -> list[Path]:
    """Pools with a class list, without labels, and with some."""
    return [
        write_shards(tmp_path / pool / "all", pool, ["a"] * (len(labels) if labels else 3), SIZES, labels)
        for pool, labels in LABELS.items()
    ]


def measure(folder: Path, manifests: list[Path], pools: dict[str, list[str] | None] = CLASSES) -> list[pd.DataFrame]:
    paths = folder / "balance.csv", folder / "balance-classes.csv"
    measure_balance.main(pools, manifests, [path.with_name("index.parquet") for path in manifests], *paths)
    return [pd.read_csv(path) for path in paths]


def test_every_pool_has_a_row_with_its_status(tmp_path: Path, manifests: list[Path]) -> None:
    table, classes = measure(tmp_path, manifests)
    assert list(table) == measure_balance.COLUMNS
    photo, web, mixed = table.to_dict("records")
    assert [row["status"] for row in (photo, web, mixed)] == ["labelled", "no labels", "partly labelled"]
    assert (photo["classes"], photo["samples"], photo["unlabelled"], photo["filter"]) == (4, 10, 0, "keep-all")
    assert photo["left_skew"] == left_skew([3, 6, 1, 0]) == 0.6
    assert (photo["long_tail_500"], photo["long_tail_100"]) == (1, 1)
    assert (photo["largest"], photo["largest_class"]) == (6, "dog")
    assert (photo["smallest"], photo["smallest_class"]) == (0, "person")
    assert (web["samples"], web["unlabelled"]) == (0, 3) and pd.isna(web["left_skew"]) and pd.isna(web["classes"])
    assert (mixed["samples"], mixed["unlabelled"], mixed["classes"]) == (3, 2, 2)
    assert classes.to_dict("split")["data"] == [
        ["photo", 0, "cat", 3], ["photo", 1, "dog", 6], ["photo", 2, "house", 1], ["photo", 3, "person", 0],
        ["mixed", 0, "cat", 1], ["mixed", 1, "dog", 2],
    ]  # fmt: skip
    first = (tmp_path / "balance.csv").read_bytes()
    measure(tmp_path, manifests)
    assert (tmp_path / "balance.csv").read_bytes() == first


def test_the_table_of_pools_shows_percentages_and_dashes(tmp_path: Path, manifests: list[Path]) -> None:
    table, _ = measure(tmp_path, manifests)
    titles = {"photo": "Photographs", "web": "Web"}
    shown = tab_balance.tabulate({"records/balance": table}, Table("Balance", titles))
    assert list(shown) == list(tab_balance.COLUMNS.values())
    assert shown["Pool"].tolist() == ["Photographs", "Web", "mixed"]
    assert shown["Left-skew (%)"].iloc[0] == 60 and pd.isna(shown["Left-skew (%)"].iloc[1])
    assert shown["Smallest class"].tolist()[0] == "person (0)" and shown["Largest class"].tolist()[1] is None
    some = tab_balance.tabulate({"records/balance": table}, Table("Balance", titles, {"shown": ["web", "photo"]}))
    assert some["Pool"].tolist() == ["Web", "Photographs"]
    with pytest.raises(DatalinesError, match=r"options.shown: 'phot' is no pool.*did you mean 'photo'"):
        tab_balance.tabulate({"records/balance": table}, Table("Balance", titles, {"shown": ["phot"]}))


def test_a_study_without_pools_has_empty_tables(tmp_path: Path) -> None:
    table, classes = measure(tmp_path, [], {})
    assert table.empty and list(table) == measure_balance.COLUMNS
    assert classes.empty and list(classes) == measure_balance.CLASS_COLUMNS


def test_what_does_not_fit_is_refused(tmp_path: Path, manifests: list[Path]) -> None:
    with pytest.raises(DatalinesError, match="is of pool web, but stands in the place of photo"):
        measure(tmp_path, [manifests[1]], {"photo": None})
    with pytest.raises(DatalinesError, match=r"pools\.photo: 1 samples have the label 'house'"):
        measure(tmp_path, [manifests[0]], {"photo": ["dog", "cat"]})
    write_json(manifests[0], read_json(manifests[0]) | {"samples": 9})
    with pytest.raises(CountError, match="counts 9 samples, its index 10; delete it and run again"):
        measure(tmp_path, [manifests[0]], {"photo": None})
