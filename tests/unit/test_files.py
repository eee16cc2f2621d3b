"""Small files are written completely or not at all, and equal content gives equal bytes."""

import csv
import hashlib
import io
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pytest

from datalines import files


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    with files.atomic(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert temporary.parent == target.parent
    assert target.read_text() == "half"
    assert [entry.name for entry in target.parent.iterdir()] == ["a.txt"]


def test_an_error_keeps_the_old_file_and_leaves_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), files.atomic(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_sha256_of_a_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    assert files.sha256_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_large_file_is_hashed_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGE", 10)
    (tmp_path / "large").write_bytes(b"x" * 10)
    (tmp_path / "small").write_bytes(b"x" * 9)
    read: list[str] = []

    def digested(stream: IO[bytes], name: str) -> Any:
        read.append(Path(stream.name).name)
        return file_digest(stream, name)

    file_digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", digested)
    for name in ("large", "large", "small", "small"):
        files.sha256_file(tmp_path / name)
    assert read == ["large", "small", "small"]
    (tmp_path / "large").write_bytes(b"y" * 11)
    assert files.sha256_file(tmp_path / "large") == hashlib.sha256(b"y" * 11).hexdigest()


def test_the_short_name_of_a_specification_ignores_key_order_and_nothing_else() -> None:
    assert files.digest_json({"a": 1, "b": [1, 2]}) == files.digest_json({"b": [1, 2], "a": 1})
    others = [{"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1.0, "b": [1, 2]}, {"a": 1}]
    assert len({files.digest_json(value) for value in [{"a": 1, "b": [1, 2]}, *others]}) == 5
    assert len(files.digest_json({})) == 12


def test_json_keeps_letters_of_every_language_and_order(tmp_path: Path) -> None:
    value = {"z": "Müller – 猫", "a": [1, None]}
    files.write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_bytes().decode("utf-8")
    assert "Müller – 猫" in text
    assert text.endswith("}\n")
    assert list(files.read_json(tmp_path / "a.json")) == ["z", "a"]
    assert files.read_json(tmp_path / "a.json") == value


def test_csv_keeps_floats_to_the_last_digit(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.1 + 0.2, 1 / 3, 1e-17], "name": ["a", "b,c", "ü"]})
    files.write_csv(tmp_path / "a.csv", frame)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        header, *lines = csv.reader(stream)
    assert header == ["x", "name"]
    assert [(float(x), name) for x, name in lines] == list(frame.itertuples(index=False, name=None))
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_equal_tables_and_arrays_give_equal_bytes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(1000), "name": ["a", None] * 500})
    for name in ("one", "two"):
        files.write_parquet(tmp_path / f"{name}.parquet", frame.copy())
        files.write_npy(tmp_path / f"{name}.npy", frame["x"].to_numpy())
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()
    assert np.load(tmp_path / "one.npy").tolist() == list(range(1000))


def test_a_hashing_writer_knows_position_and_digest() -> None:
    stream = io.BytesIO()
    writer = files.HashingWriter(stream)
    writer.write(b"abc")
    writer.write(b"")
    writer.write(b"de")
    assert stream.getvalue() == b"abcde"
    assert writer.position == 5
    assert writer.hexdigest() == hashlib.sha256(b"abcde").hexdigest()
