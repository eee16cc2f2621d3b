"""Random samples of an index, and exact means over it, in bounded memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.shards import keyed_order
from datalines.statistics import BATCH, caption_words, keyed_sample, sample_statistics
from tests.unit.tiny_index import rows, write_index

WORDS = ["a cat", "", "ein Hündchen im Schnee", "日本 の 城", "مرحبا بالعالم", "🐈 🐈", "word " * 40]


def index(folder: Path, count: int = 50, group: int = 3) -> Path:
    captions = [WORDS[number % len(WORDS)] for number in range(count)]
    return write_index(folder, rows(captions, [(30, 20), (20, 45)]), group)


@pytest.mark.parametrize("count", [1, 7, 49, 50, 80])
def test_a_sample_is_the_beginning_of_the_keyed_order(tmp_path: Path, count: int) -> None:
    path = index(tmp_path)
    table = pd.read_parquet(path)
    found = keyed_sample(path, count, 5, ["caption", "width"])
    assert found["id"].tolist() == keyed_order(table["id"], 5)[:count]
    assert list(found) == ["id", "caption", "width"]
    assert found["caption"].tolist() == table.set_index("id").loc[found["id"], "caption"].tolist()
    assert keyed_sample(path, count, 6, [])["id"].tolist() == keyed_order(table["id"], 6)[:count]


@given(order=st.permutations(range(12)), group=st.integers(1, 12))
def test_the_order_and_the_groups_of_the_index_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], group: int
) -> None:
    table = rows([f"caption {number}" for number in range(12)], [(8, 8)])
    folder = tmp_path_factory.mktemp("index")
    found = keyed_sample(write_index(folder, table.iloc[order], group), 5, 0, ["caption"])
    pd.testing.assert_frame_equal(
        found, keyed_sample(write_index(folder, table, 12), 5, 0, ["caption"]), check_dtype=False
    )


def test_statistics_count_signs_and_words(tmp_path: Path) -> None:
    path = index(tmp_path)
    table = pd.read_parquet(path).set_index("id")
    found = sample_statistics(path, 100, 0).set_index("id")
    assert len(found) == 50
    for identity, row in found.iterrows():
        source = table.loc[identity]
        assert row["characters"] == len(source["caption"])
        assert row["words"] == len(source["caption"].split())
        assert (row["width"], row["height"], row["bytes"]) == tuple(source[["width", "height", "image_bytes"]])
    assert found["words"].min() == 0 and found["words"].max() == 40


def test_means_are_exact_over_all_rows(tmp_path: Path) -> None:
    words = [len(WORDS[number % len(WORDS)].split()) for number in range(50)]
    n, mean, spread = caption_words(index(tmp_path))
    assert (n, mean) == (50, np.mean(words))
    assert spread == pytest.approx(np.std(words, ddof=1), rel=1e-12)
    single = caption_words(write_index(tmp_path / "one", rows(["two words"], [(8, 8)])))
    assert single[:2] == (1, 2.0) and np.isnan(single[2])


def test_an_index_that_cannot_be_sampled_says_what_to_do(tmp_path: Path) -> None:
    path = write_index(tmp_path, rows(["a"], [(8, 8)]).drop(columns="width"))
    with pytest.raises(DatalinesError, match=r"has no column width: delete .*manifest\.json and run again"):
        sample_statistics(path, 10, 0)
    empty = write_index(tmp_path / "empty", rows(["a"], [(8, 8)]).iloc[:0])
    for read in (lambda: keyed_sample(empty, 3, 0, []), lambda: caption_words(empty)):
        with pytest.raises(DatalinesError, match="lists no sample; loosen the filter"):
            read()
    with pytest.raises(DatalinesError, match="sample is 0; write a number of rows"):
        keyed_sample(path, 0, 0, [])


def test_memory_follows_the_sample_not_the_index(tmp_path: Path) -> None:
    caption = "word " * 100
    own = pa.default_memory_pool()
    peaks = []
    for count in (4 * BATCH, 32 * BATCH):
        path = write_index(tmp_path / str(count), rows([caption] * count, [(30, 20)]), BATCH)
        pool = pa.proxy_memory_pool(own)
        pa.set_memory_pool(pool)
        tracemalloc.start()
        sample_statistics(path, 100, 0)
        caption_words(path)
        peaks.append((tracemalloc.get_traced_memory()[1], pool.max_memory()))
        tracemalloc.stop()
        pa.set_memory_pool(own)
    for small, large in zip(*peaks, strict=True):
        assert 0 < large < 1.5 * small
