"""Rows of parts, batch by batch, and counts over rounds and lists: what is requested, stored and lost adds up."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json, write_json
from datalines.pools import rows
from datalines.pools.rows import STORED, attrition, decoders, stored_batches, stored_rows
from tests.unit.shard_files import rows as items
from tests.unit.shard_files import write_part, write_parts


def test_batches_are_the_stored_rows_of_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BATCH", 4)
    receipts = write_parts(tmp_path, items(23), parts=3)
    found = list(stored_batches(receipts))
    assert all(batch.schema == STORED and batch.num_rows <= 4 for _, batch in found)
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    expected = stored_rows(receipts)
    together = pd.concat([batch.to_pandas().assign(tar=f"{number}.tar") for number, batch in found], ignore_index=True)
    pd.testing.assert_frame_equal(together, expected[together.columns], check_dtype=False)


def test_rows_without_url_have_an_empty_one_and_without_captions_are_refused(tmp_path: Path) -> None:
    receipt = write_part(tmp_path, 0, items(3))
    table = pd.read_parquet(tmp_path / "0.parquet")
    table.drop(columns="url").to_parquet(tmp_path / "0.parquet")
    ((_, batch),) = stored_batches([receipt])
    assert batch["url"].to_pylist() == ["", "", ""]
    table.drop(columns="caption").to_parquet(tmp_path / "0.parquet")
    with pytest.raises(DatalinesError, match=r"0\.parquet has no column caption: delete .*0\.json and run again"):
        list(stored_batches([receipt]))


def test_a_receipt_that_contradicts_its_rows_is_found_while_streaming(tmp_path: Path) -> None:
    receipt = write_part(tmp_path, 0, items(3), failed=1)
    write_json(receipt, {**read_json(receipt), "stored": 2})
    with pytest.raises(CountError, match=r"0\.json counts 2 stored of 4, its rows 3 of 4; delete it"):
        list(stored_batches([receipt]))


def receipt(folder: Path, name: str, stored: int, failed: dict[str, int], **more: Any) -> Path:
    counts = {"requested": stored + sum(failed.values()), "stored": stored, "failed": failed, "decoder": "pillow 1"}
    write_json(folder / f"{name}.json", counts | more)
    return folder / f"{name}.json"


def rounds(folder: Path) -> list[Path]:
    """Two parts; of part 0 what timed out was asked again, and again what was throttled then."""
    return [
        receipt(folder, "0", 5, {"http_404": 2, "timeout": 4}),
        receipt(folder, "0r1", 1, {"http_404": 1, "throttled": 2}, round=1, asked_again={"timeout": 4}),
        receipt(folder, "0r2", 2, {}, round=2, asked_again={"throttled": 2}, decoder="pillow 2"),
        receipt(folder, "1", 3, {"timeout": 1}, round=0, asked_again={}),
    ]


def test_what_is_asked_again_is_not_requested_again(tmp_path: Path) -> None:
    receipts = rounds(tmp_path)
    assert attrition(receipts) == {"requested": 15, "stored": 11, "failed": {"http_404": 3, "timeout": 1}}
    assert attrition(receipts[::-1]) == attrition(receipts)
    assert decoders(receipts) == "pillow 1, pillow 2"


def test_a_supplement_without_the_part_it_supplements_is_a_count_error(tmp_path: Path) -> None:
    receipts = rounds(tmp_path)
    with pytest.raises(CountError, match=r"4 requested, but 6 stored .* \(6 asked again in later rounds, for 6"):
        attrition(receipts[1:])
    receipt(tmp_path, "0r2", 3, {}, round=2, asked_again={"throttled": 2})
    with pytest.raises(CountError, match=r"delete the receipts and run again"):
        attrition(receipts)


def listed(folder: Path, **changes: Any) -> Path:
    counts = {"rows": 40, "not_selected": {"nsfw": 10, "language": 5}, "not_sampled": 10, "requested": 15}
    write_json(folder / "manifest.json", counts | changes)
    return folder / "manifest.json"


def test_a_lists_counts_join_those_of_the_parts(tmp_path: Path) -> None:
    found = attrition(rounds(tmp_path), [listed(tmp_path)])
    assert found["list_rows"] == 40
    assert found["not_selected"] == {"language": 5, "nsfw": 10}
    assert found["not_sampled"] == 10
    assert found["list_rows"] == sum(found["not_selected"].values()) + found["not_sampled"] + found["requested"]
    assert found["requested"] == found["stored"] + sum(found["failed"].values())


@pytest.mark.parametrize("change", [{"requested": 14}, {"rows": 41}, {"not_sampled": 0}])
def test_a_list_that_counts_otherwise_is_a_count_error(tmp_path: Path, change: dict[str, int]) -> None:
    with pytest.raises(CountError, match=r"manifest\.json counts .* but its parts' receipts count 15 requested"):
        attrition(rounds(tmp_path), [listed(tmp_path, **change)])
