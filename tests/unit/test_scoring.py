"""Scores of pairs: the plain formula, equal bytes for any number of threads, what cannot be scored, the recheck."""

import json
from pathlib import Path
from typing import Any

import open_clip
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from datalines.errors import CountError, DatalinesError
from datalines.evaluation import decode_all
from datalines.files import read_json, sha256_file, write_json
from datalines.models import build_tokenizer
from datalines.objectives import normalise
from datalines.pools import store
from datalines.pools.base import Item
from datalines.scorer import load_scorer
from datalines.scoring import recheck, score_part
from tests.unit.tiny_runs import SPEC, png
from tests.unit.tiny_scorer import CAPTIONS, LONG, clip, declared, pictures, scored, write_part, write_weights


def plain_cosines(model: Any, images: list[bytes]) -> list[float]:
    """The formula, pair by pair."""
    tokenizer = build_tokenizer(SPEC)
    values = []
    with torch.no_grad():
        for data, caption in zip(images, CAPTIONS, strict=True):
            image = model.encode_image(normalise(decode_all([data], 16, 1)))
            text = model.encode_text(tokenizer([caption]))
            values.append(functional.cosine_similarity(image, text).item())
    return values


def test_scores_are_the_cosines_of_the_stored_pairs_in_their_order(part: Path, weights: Path, tmp_path: Path) -> None:
    table = scored(declared(weights), part, tmp_path / "scores.parquet")
    rows = pq.read_table(part.with_suffix(".parquet")).to_pandas()
    assert table.column("id").to_pylist() == rows.loc[rows["status"] == "ok", "id"].tolist()
    assert table.schema.field("score.tiny").type == pa.float32()
    found = table.column("score.tiny").to_numpy()
    assert found == pytest.approx(plain_cosines(clip(), pictures()), abs=1e-5)
    assert found.std() > 0.01, "random weights tell the pairs apart"


@pytest.mark.parametrize("batch", [1, 4, 12, 500])
def test_the_size_of_a_batch_hardly_matters(batch: int, part: Path, weights: Path, tmp_path: Path) -> None:
    usual = scored(declared(weights), part, tmp_path / "usual.parquet")
    other = scored(declared(weights, batch=batch), part, tmp_path / "other.parquet")
    assert other.column("id") == usual.column("id")
    assert other.column("score.tiny").to_numpy() == pytest.approx(usual.column("score.tiny").to_numpy(), abs=1e-5)


def test_runs_and_threads_give_equal_bytes(part: Path, weights: Path, tmp_path: Path) -> None:
    digests = set()
    for number, threads in enumerate((1, 1, 2, 4)):
        out = tmp_path / f"{number}.parquet"
        scored(declared(weights, batch=2), part, out, threads)
        digests.add(sha256_file(out))
    assert len(digests) == 1


def test_record_batches_and_row_groups_do_not_matter(
    part: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = scored(declared(weights), part, tmp_path / "usual.parquet")
    monkeypatch.setattr("datalines.pools.rows.BATCH", 3)
    monkeypatch.setattr("datalines.scoring.GROUP_ROWS", 5)
    other = scored(declared(weights), part, tmp_path / "other.parquet", threads=2)
    assert other.equals(usual, check_metadata=True)
    assert pq.read_metadata(tmp_path / "other.parquet").num_row_groups == 3


def test_header_states_what_the_scores_depend_on(part: Path, weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    header = json.loads(scored(declared(weights, version=3), part, out).schema.metadata[b"scorer"])
    assert header["weights"] == {"file": "tiny.safetensors", "sha256": sha256_file(weights)}
    assert header["model_spec"] == SPEC and header["model"] is None
    assert (header["scorer"], header["version"], header["batch"]) == ("tiny", 3, 5)
    assert (header["precision"], header["device"]) == ("fp32", "cpu")
    preprocessing = header["preprocessing"]
    assert (preprocessing["side"], preprocessing["resize"]) == (16, "shorter side, bicubic")
    assert preprocessing["mean"] == [0.48145466, 0.4578275, 0.40821073]
    assert header["decoder"] == read_json(part)["decoder"]
    assert header["libraries"]["torch"] and header["libraries"]["open_clip_torch"] == open_clip.__version__
    counts = json.loads(pq.read_metadata(out).metadata[b"counts"])
    assert counts == {"stored": 12, "scored": 12, "failed": {}}


def test_what_cannot_be_scored_is_null_and_counted(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pictures()
    images[2] = b"no image"
    good = store.decode
    monkeypatch.setattr(store, "decode", lambda data: good(png(0) if data == b"no image" else data))
    part = write_part(tmp_path / "web", images)
    model = clip()
    with torch.no_grad():
        (token,) = build_tokenizer(SPEC).encode("~")
        model.token_embedding.weight[token] = float("nan")
    save_file(model.state_dict(), weights)
    for batch in (1, 5):
        out = tmp_path / f"{batch}.parquet"
        counts = score_part(load_scorer(declared(weights, batch=batch)), part, out, 2)
        assert counts == {"stored": 12, "scored": 10, "failed": {"not_finite": 1, "undecodable_image": 1}}
        missing = [value is None for value in pq.read_table(out).column("score.tiny").to_pylist()]
        assert [number for number, none in enumerate(missing) if none] == [2, CAPTIONS.index("~")]


def test_long_captions_are_cut_as_clip_cuts_them(tmp_path: Path, weights: Path) -> None:
    picture = [pictures()[0]] * len(CAPTIONS)
    part = write_part(tmp_path / "web", picture)
    tokens = build_tokenizer(SPEC)([LONG])
    assert tokens.shape == (1, 8) and tokens[0, -1] == SPEC["text_cfg"]["vocab_size"] - 1
    with torch.no_grad():
        model = clip()
        image = model.encode_image(normalise(decode_all(picture[:1], 16, 1)))
        wanted = functional.cosine_similarity(image, model.encode_text(tokens)).item()
    found = scored(declared(weights), part, tmp_path / "scores.parquet").column("score.tiny").to_pylist()
    assert found[CAPTIONS.index(LONG)] == pytest.approx(wanted, abs=1e-5)


def test_a_part_without_stored_rows_gives_an_empty_table(tmp_path: Path, weights: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    items = [Item("gone", status="missing_image")]
    counts = store.store_part("web", items, folder / "0.tar", folder / "0.parquet")
    store.write_part_receipt(folder / "0.json", "web", 0, {"kind": "folder", "version": 1}, counts)
    table = scored(declared(weights), folder / "0.json", tmp_path / "scores.parquet")
    assert table.num_rows == 0 and table.column_names == ["id", "score.tiny"]


def test_a_damaged_tar_is_an_error_that_names_the_receipt(part: Path, weights: Path, tmp_path: Path) -> None:
    tar = part.with_suffix(".tar")
    offset = pq.read_table(part.with_suffix(".parquet")).column("offset")[0].as_py()
    data = bytearray(tar.read_bytes())
    data[offset + 40] ^= 1
    tar.write_bytes(data)
    with pytest.raises(DatalinesError, match=r"0\.tar does not hold the image of .*: delete .*0\.json and run again"):
        scored(declared(weights), part, tmp_path / "scores.parquet", threads=2)
    tar.unlink()
    with pytest.raises(DatalinesError, match=r"0\.tar is missing: delete .*0\.json"):
        scored(declared(weights), part, tmp_path / "scores.parquet")
    assert sorted(path.name for path in tmp_path.glob("*scores*")) == []


def test_counts_that_contradict_the_receipt_are_an_error(part: Path, weights: Path, tmp_path: Path) -> None:
    write_json(part, {**read_json(part), "stored": 11})
    with pytest.raises(CountError, match="counts 11 stored"):
        scored(declared(weights), part, tmp_path / "scores.parquet")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 5e-2), ("fp16", 1e-2)])
def test_a_gpu_agrees_with_the_cpu(precision: str, tolerance: float, part: Path, weights: Path, tmp_path: Path) -> None:
    here = scored(declared(weights), part, tmp_path / "cpu.parquet")
    there = scored(declared(weights, device="cuda", precision=precision), part, tmp_path / "gpu.parquet", threads=2)
    assert there.column("score.tiny").to_numpy() == pytest.approx(here.column("score.tiny").to_numpy(), abs=tolerance)


@pytest.fixture
def scores(part: Path, weights: Path, tmp_path: Path) -> Path:
    """Scores of the part."""
    scored(declared(weights), part, tmp_path / "scores.parquet")
    return tmp_path / "scores.parquet"


def rewritten(scores: Path, values: list[float | None], ids: list[str] | None = None) -> Path:
    """The same file with other scores, under the same header."""
    table = pq.read_table(scores)
    columns = [pa.array(ids) if ids else table.column("id"), pa.array(values, pa.float32())]
    pq.write_table(pa.table(columns, schema=table.schema), scores)
    return scores


def test_recheck_finds_untouched_scores_in_order(scores: Path, part: Path, weights: Path) -> None:
    report = recheck(scores, part.with_suffix(".parquet"), declared(weights))
    assert (report["verdict"], report["checked"], report["largest_difference"]) == ("identical", 12, 0.0)
    assert report["rows"] == {"scores": 12, "stored": 12, "same": True} and report["differs"] == []
    few = recheck(scores, part.with_suffix(".parquet"), declared(weights), sample=4)
    assert few["checked"] == 4 and few["verdict"] in ("identical", "equivalent") and few["beyond"] == 0
    assert few == recheck(scores, part.with_suffix(".parquet"), declared(weights), sample=4, threads=3)


def test_recheck_grades_what_moved(scores: Path, part: Path, weights: Path) -> None:
    rows, spec = part.with_suffix(".parquet"), declared(weights)
    values = pq.read_table(scores).column("score.tiny").to_pylist()
    little = recheck(rewritten(scores, [values[0] + 5e-5, *values[1:]]), rows, spec)
    assert (little["verdict"], little["beyond"]) == ("equivalent", 0)
    assert little["largest_difference"] == pytest.approx(5e-5, rel=0.01)
    much = recheck(rewritten(scores, [values[0] + 0.01, *values[1:]]), rows, spec)
    assert (much["verdict"], much["beyond"]) == ("drifted", 1)
    assert recheck(scores, rows, spec, tolerance=0.02)["verdict"] == "equivalent"
    gone = recheck(rewritten(scores, [None, *values[1:]]), rows, spec)
    assert (gone["verdict"], gone["beyond"], gone["largest_difference"]) == ("drifted", 1, None)


def test_recheck_sees_other_rows_and_another_scorer(scores: Path, part: Path, weights: Path, tmp_path: Path) -> None:
    rows = part.with_suffix(".parquet")
    other = declared(write_weights(tmp_path / "other.safetensors", seed=1), batch=7)
    report = recheck(scores, rows, other)
    assert report["verdict"] == "drifted" and report["differs"] == ["batch", "weights"]
    table = pq.read_table(scores)
    ids = table.column("id").to_pylist()
    values = table.column("score.tiny").to_pylist()
    swapped = recheck(rewritten(scores, values, [ids[1], ids[0], *ids[2:]]), rows, declared(weights))
    assert swapped["verdict"] == "drifted" and swapped["rows"]["same"] is False
    with pytest.raises(DatalinesError, match=r"has no column score\.big; it holds id, score\.tiny"):
        recheck(scores, rows, declared(weights, scorer="big"))
    pq.write_table(table.replace_schema_metadata(None), scores)
    with pytest.raises(DatalinesError, match="does not say what made its scores"):
        recheck(scores, rows, declared(weights))
