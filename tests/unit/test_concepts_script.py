"""The step that counts concepts: kept and listed captions, several sets of classes, checked files of terms."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.concepts.lexicon import ConceptError
from datalines.files import read_json, sha256_file, write_json
from workflow.scripts import count_concepts

BASE: dict[str, Any] = {
    "kind": "lemma-sets", "captions": "kept", "lexicon": None, "repeated": False, "rules": "none", "digits": True,
    "names": ["n1", "n2"], "texts": ["hen", "bow"], "part": None, "sha256": None,
}  # fmt: skip


def run(folder: Path, specs: dict[str, dict[str, Any]], terms: list[Path], threads: int = 1) -> pd.DataFrame:
    shards, listed = folder / "shards" / "manifest.json", folder / "lists" / "manifest.json"
    for path, captions in ((shards.with_name("index.parquet"), ["a hen is here", "two hens, a bow"]),):
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"caption": captions}), path)
    listed.parent.mkdir(exist_ok=True)
    for number in range(2):
        pq.write_table(pa.table({"caption": ["bow", None, "a rooster"]}), listed.with_name(f"{number}.parquet"))
    write_json(listed, {"parts": [{}, {}]})
    table, summary = folder / "concepts-web.csv", folder / "concepts-web.json"
    count_concepts.main("web", specs, [shards], [listed], terms, table, summary, threads)
    return pd.read_csv(table)


@pytest.mark.parametrize("threads", [1, 2])
def test_counts_of_a_pool(tmp_path: Path, threads: int) -> None:
    terms = tmp_path / "terms.json"
    write_json(terms, {"n2": ["bow"], "n1": ["hen", "rooster"]})
    specs = {
        "kept": BASE,
        "listed": {**BASE, "captions": "listed", "part": "values", "sha256": sha256_file(terms)},
        "labels": {**BASE, "kind": "subsets", "strategy": "multi"},
    }
    table = run(tmp_path, specs, [terms], threads)
    assert list(table.columns) == ["concepts", "source", "index", "class", "count"]
    assert table["concepts"].tolist() == ["kept"] * 2 + ["listed"] * 2 + ["labels"] * 2
    assert table["class"].tolist() == ["hen", "bow"] * 3
    assert table["index"].tolist() == [0, 1] * 3
    assert set(table["source"]) == {"web"}
    assert table["count"].tolist() == [2, 1, 2, 2, 2, 1]
    assert read_json(tmp_path / "concepts-web.json") == {
        "pool": "web",
        "concepts": {
            "kept": {"captions": 2, "matched": 2, "pairs": 3},
            "listed": {"captions": 6, "matched": 4, "pairs": 4},
            "labels": {"captions": 2, "matched": 2, "pairs": 3},
        },
    }


def test_names_of_a_file_are_cut_at_or(tmp_path: Path) -> None:
    terms = tmp_path / "descriptors.json"
    write_json(terms, {"rooster or hen": ["has a beak"], "bow": ["has a string"]})
    table = run(tmp_path, {"birds": {**BASE, "part": "keys"}}, [terms])
    assert table[["class", "count"]].to_numpy().tolist() == [["hen", 2], ["bow", 1]]


def test_a_changed_file_of_terms(tmp_path: Path) -> None:
    terms = tmp_path / "terms.json"
    write_json(terms, {"n1": ["hen"], "n2": ["bow"]})
    with pytest.raises(
        ConceptError, match=r"concepts\.birds\.terms: .*terms\.json has the sha256 .*; remove it and run"
    ):
        run(tmp_path, {"birds": {**BASE, "part": "values", "sha256": "0" * 64}}, [terms])


def test_terms_of_other_classes(tmp_path: Path) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("hen\nbow\ncrane\n")
    with pytest.raises(ConceptError, match=r"concepts\.birds: the term table has 3 classes and the class list 2"):
        run(tmp_path, {"birds": {**BASE, "part": "values"}}, [terms])
