"""The data half of the workflow from tars to mixtures and evaluation sets, by calling the scripts' `main`."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import webdataset
from safetensors.numpy import save_file

from datalines.errors import CountError, PoolError
from datalines.files import read_json, sha256_file, write_json
from datalines.pools.base import item_id
from datalines.shards import id_set_digest, image_bytes, keyed_order, order_digest
from tests.builders import (
    Pipeline,
    animals,
    folder_pool,
    folder_shift,
    jpeg,
    make_folder,
    make_tar,
    png,
    shards_pool,
)
from workflow.scripts import collect_pools, collect_statistics, filter_shift, prepare_shift

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"kind": "caption-length", "name": "short", "unit": "words", "min": 2, "max": None}
TWINS = {"kind": "exact-duplicate", "name": "twins", "of": "image", "pools": []}


def web_shards(folder: Path, prefix: str = "s", count: int = 2, samples: int = 6) -> str:
    """Tars of pairs; the third of each tar is bad in one way or another, the last repeats the first one's image."""
    for shard in range(count):
        files: dict[str, bytes] = {}
        for number in range(samples):
            seed = 100 * shard + (0 if number == samples - 1 else number)
            files[f"{number:04d}.jpg"] = b"broken" if number == 2 else jpeg(16 + number % 5, 16, seed)
            files[f"{number:04d}.txt"] = b"a picture" if number != 3 else b"picture"
        make_tar(folder / f"{prefix}{shard}.tar", files)
    return str(folder / f"{prefix}*.tar")


def source_images(pattern_folder: Path, pool: str) -> dict[str, bytes]:
    """{id: the image's bytes in the source tars}."""
    found = {}
    for path in sorted(pattern_folder.glob("*.tar")):
        with tarfile.open(path) as archive:
            for entry in archive:
                if entry.name.endswith((".jpg", ".png")):
                    stream = archive.extractfile(entry)
                    assert stream is not None
                    found[item_id(pool, f"{path.stem}/{entry.name.partition('.')[0]}")] = stream.read()
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file but hidden ones, which remember times."""
    files = [path for path in sorted(folder.rglob("[!.]*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_pool_with_bad_samples_adds_up_at_every_stage(tmp_path: Path, pipeline: Pipeline) -> None:
    spec = shards_pool(web_shards(tmp_path / "web"), parts=2, items=12)
    manifest = read_json(pipeline.shard("web", spec, [SHORT, TWINS]))
    assert (manifest["requested"], manifest["stored"]) == (12, 10)
    assert manifest["failed"] == {"undecodable_image": 2}
    assert manifest["dropped"] == {"short": 2, "twins": 2}
    assert manifest["samples"] == 6
    assert manifest["stored"] == manifest["samples"] + sum(manifest["dropped"].values())
    assert [shard["samples"] for shard in manifest["shards"]] == [3, 3]


def test_the_filters_files_agree_with_each_other(tmp_path: Path, pipeline: Pipeline) -> None:
    receipts = pipeline.download("web", shards_pool(web_shards(tmp_path / "web")))
    folder = pipeline.filter("web", receipts, [SHORT, TWINS])
    kept = np.load(folder / "kept.npy").astype(str).tolist()
    dropped = pd.read_parquet(folder / "dropped.parquet")
    counts = read_json(folder / "report.json")
    assert kept == sorted(kept)
    assert dropped["id"].tolist() == sorted(dropped["id"])
    assert dropped["reason"].value_counts().to_dict() == counts["dropped"] == {"short": 2, "twins": 2}
    assert counts["input"] == counts["kept"] + len(dropped) == len(kept) + 4
    assert not set(kept) & set(dropped["id"])
    assert counts["steps"] == [SHORT, TWINS]


def test_images_and_captions_reach_the_mixture_byte_for_byte(tmp_path: Path, pipeline: Pipeline) -> None:
    odd = {"a.png": png(9, 9, 1), "a.txt": "ein Hündchen".encode(), "b.jpg": jpeg(7, 7, 2), "b.txt": b" two words "}
    make_tar(tmp_path / "other" / "o.tar", odd)
    web = pipeline.shard("web", shards_pool(web_shards(tmp_path / "web")), [SHORT])
    other = pipeline.shard("other", shards_pool(tmp_path / "other" / "o.tar"), shard_size=1)
    mixture = pipeline.mix("half", "full", {web: 5, other: "all"})
    sources = source_images(tmp_path / "web", "web") | source_images(tmp_path / "other", "other")
    index = pd.read_parquet(mixture.with_name("index.parquet"))
    assert list(image_bytes(index, mixture.parent)) == [sources[identity] for identity in index["id"]]
    assert set(index["caption"][index["pool"] == "other"]) == {"ein Hündchen", "two words"}
    read = [
        (entry["__key__"], entry.get("jpg", entry.get("png")), entry["txt"].decode())
        for shard in read_json(mixture)["shards"]
        for entry in webdataset.WebDataset(str(mixture.parent / shard["path"]), shardshuffle=False)
    ]
    assert read == [(row["id"], sources[row["id"]], row["caption"]) for row in index.to_dict("records")]


def test_manifests_are_as_their_files(tmp_path: Path, pipeline: Pipeline) -> None:
    web = pipeline.shard("web", shards_pool(web_shards(tmp_path / "web")))
    for manifest in (web, pipeline.mix("web", "small", {web: 4})):
        content = read_json(manifest)
        index = pd.read_parquet(manifest.with_name("index.parquet"))
        for shard in content["shards"]:
            assert sha256_file(manifest.parent / shard["path"]) == shard["sha256"]
        assert content["index"]["sha256"] == sha256_file(manifest.with_name("index.parquet"))
        assert content["id_set_sha256"] == id_set_digest(index["id"])
        assert content["order_sha256"] == order_digest(index["id"])
        assert content["samples"] == len(index) == sum(shard["samples"] for shard in content["shards"])


def test_shards_are_in_keyed_order_whatever_the_parts(tmp_path: Path, pipeline: Pipeline) -> None:
    pattern = web_shards(tmp_path / "web", count=3)
    indices = []
    for parts in (1, 2, 3):
        place = Pipeline(tmp_path / f"with-{parts}")
        manifest = place.shard("web", shards_pool(pattern, parts=parts, seed=9))
        indices.append(pd.read_parquet(manifest.with_name("index.parquet"))["id"].tolist())
        assert read_json(manifest)["seed"] == 9
    assert indices[0] == indices[1] == indices[2] == keyed_order(indices[0], 9)


def test_sizes_of_one_mixture_are_nested_and_whole_shards_are_links(tmp_path: Path, pipeline: Pipeline) -> None:
    web = pipeline.shard("web", shards_pool(web_shards(tmp_path / "web", count=3)), shard_size=4)
    small, large = (pipeline.mix("web", size, {web: count}, seed=2) for size, count in (("small", 6), ("large", 11)))
    ids = [set(pd.read_parquet(path.with_name("index.parquet"))["id"]) for path in (small, large)]
    assert ids[0] < ids[1]
    assert (len(ids[0]), len(ids[1])) == (6, 11)
    for manifest in (small, large):
        for shard in read_json(manifest)["shards"]:
            same = (manifest.parent / shard["path"]).samefile(web.parent / shard["origin"])
            assert same == (shard["how"] == "whole")


def test_the_realised_shares_are_in_the_manifest(tmp_path: Path, pipeline: Pipeline) -> None:
    web = pipeline.shard("web", shards_pool(web_shards(tmp_path / "web")))
    zoo = pipeline.shard("zoo", folder_pool(make_folder(tmp_path / "zoo", animals(6))))
    content = read_json(pipeline.mix("half", "full", {web: 3, zoo: 9}))
    assert [(entry["pool"], entry["samples"], entry["share"]) for entry in content["entries"]] == [
        ("web", 3, 0.25),
        ("zoo", 9, 0.75),
    ]
    assert (content["mixture"], content["size"], content["samples"]) == ("half", "full", 12)


def test_a_second_run_in_another_folder_gives_equal_bytes(tmp_path: Path) -> None:
    pattern = web_shards(tmp_path / "web")
    zoo = make_folder(tmp_path / "zoo", {**animals(3), "cat/bad.jpg": b"bad"})
    results = []
    for name in ("one", "two"):
        place = Pipeline(tmp_path / name)
        web = place.shard("web", shards_pool(pattern, parts=2), [SHORT, TWINS])
        place.mix("half", "full", {web: 4, place.shard("zoo", folder_pool(zoo)): 5})
        spec = folder_shift(make_folder(tmp_path / "test", animals(2)), 4, ["cat", "sea_lion"])
        prepare_shift.main("zoo", spec, place.root / "shifts" / "zoo" / "manifest.json")
        results.append(contents(place.root))
    assert results[0] == results[1]
    assert len(results[0]) > 15


def test_a_directory_and_its_tar_give_the_same_shards(tmp_path: Path) -> None:
    files = {**animals(4), "README.md": b"x", "a-b/1.jpg": jpeg(), "a/1.jpg": jpeg(seed=8)}
    sources = [make_folder(tmp_path / "zoo", files), make_tar(tmp_path / "zoo.tar", files)]
    templates = ["a {}", "the {}", "one {}"]
    manifests = [
        Pipeline(tmp_path / f"from-{number}").shard("zoo", folder_pool(source, parts=3, templates=templates))
        for number, source in enumerate(sources)
    ]
    assert contents(manifests[0].parent) == contents(manifests[1].parent)
    assert read_json(manifests[0])["failed"] == {"unsupported_format": 1}


def test_train_and_test_of_one_folder_share_no_image(tmp_path: Path, pipeline: Pipeline) -> None:
    tar = make_tar(tmp_path / "zoo.tar", animals(20, "photo/"))
    split = {"test_share": 0.3, "salt": "zoo"}
    pool = pipeline.shard("zoo", folder_pool(tar, root="photo", split={**split, "part": "train"}))
    trained = read_json(pool)["samples"]
    shift = folder_shift(tar, 40 - trained, ["cat", "sea_lion"], root="photo", split={**split, "part": "test"})
    manifest = pipeline.root / "shifts" / "zoo" / "manifest.json"
    prepare_shift.main("zoo", shift, manifest)
    images = [
        set(image_bytes(pd.read_parquet(path.with_name("index.parquet")), path.parent)) for path in (pool, manifest)
    ]
    assert not images[0] & images[1]
    assert images[0] | images[1] == set(animals(20).values())
    assert 4 < len(images[1]) < 20


def test_items_that_are_not_as_declared_stop_before_shards_are_written(tmp_path: Path, pipeline: Pipeline) -> None:
    with pytest.raises(
        PoolError, match=r"^pools\.web\.items: 13 declared, but 12 found; correct the number or the path"
    ):
        pipeline.shard("web", shards_pool(web_shards(tmp_path / "web"), items=13))
    assert not (pipeline.root / "shards").exists()


def test_a_filter_that_drops_everything_is_an_error_with_its_counts(tmp_path: Path, pipeline: Pipeline) -> None:
    steps = [TWINS, {**SHORT, "min": 99}]
    with pytest.raises(PoolError) as caught:
        pipeline.shard("web", shards_pool(web_shards(tmp_path / "web")), steps, name="strict")
    text = str(caught.value)
    assert text.startswith("filters.strict: drops every one of the 10 stored samples of pool web: ")
    assert "{'twins': 2, 'short': 8}" in text


def test_a_pool_of_bad_items_only_is_stored_and_then_refused(tmp_path: Path, pipeline: Pipeline) -> None:
    path = make_tar(tmp_path / "0.tar", {"a.jpg": b"x", "a.txt": b"x", "b.jpg": jpeg(), "b.txt": b" "})
    (receipt,) = pipeline.download("web", shards_pool(path))
    assert read_json(receipt)["failed"] == {"empty_caption": 1, "undecodable_image": 1}
    with pytest.raises(PoolError, match=r"every one of the 0 stored samples of pool web"):
        pipeline.shard("web", shards_pool(path))


def test_a_mixture_that_asks_for_more_than_a_filter_left(tmp_path: Path, pipeline: Pipeline) -> None:
    web = pipeline.shard("web", shards_pool(web_shards(tmp_path / "web")), [SHORT], name="strict")
    with pytest.raises(
        CountError, match=r"^mixtures\.half\.entries\[0\]: asks for 9 samples of pool web, but 8 are left"
    ):
        pipeline.mix("half", "full", {web: 9})
    assert not (pipeline.root / "mixtures" / "half" / "full" / "manifest.json").exists()


@pytest.mark.parametrize("size", [700, 9 * 512])
def test_a_broken_source_leaves_no_receipt_and_keeps_an_earlier_part(
    tmp_path: Path, pipeline: Pipeline, size: int
) -> None:
    spec = shards_pool(web_shards(tmp_path / "web", count=1))
    pipeline.download("web", spec)
    before = contents(pipeline.root)
    tar = tmp_path / "web" / "s0.tar"
    tar.write_bytes(tar.read_bytes()[:size])
    with pytest.raises(PoolError, match=r"^pools\.web\.path: .*s0\.tar is .*truncated"):
        pipeline.download("web", spec)
    assert contents(pipeline.root) == before
    with pytest.raises(PoolError):
        pipeline.download("fresh", spec)
    assert not list((pipeline.root / "pools" / "fresh").iterdir())


def test_a_missing_source_names_pool_key_and_file(tmp_path: Path, pipeline: Pipeline) -> None:
    with pytest.raises(PoolError, match=r"^pools\.web\.path: no file matches .*/none\.tar; give a glob"):
        pipeline.download("web", shards_pool(tmp_path / "none.tar"))
    with pytest.raises(PoolError, match=r"^pools\.zoo\.path: .*none does not exist; give a"):
        pipeline.download("zoo", folder_pool(tmp_path / "none"))


def test_a_shift_of_another_size_or_with_a_bad_image_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "shifts" / "zoo" / "manifest.json"
    folder = make_folder(tmp_path / "zoo", animals(2))
    with pytest.raises(CountError, match=r"^shifts\.zoo\.items: 5 declared, but 4 images found"):
        prepare_shift.main("zoo", folder_shift(folder, 5, ["cat", "sea_lion"]), manifest)
    with pytest.raises(PoolError, match=r"^shifts\.zoo: .*class folders without images: dog"):
        prepare_shift.main("zoo", folder_shift(folder, 4, ["cat", "sea_lion", "dog"]), manifest)
    (folder / "cat" / "0.jpg").write_bytes(jpeg()[:200])
    with pytest.raises(
        PoolError, match=r"^shifts\.zoo: 3 of 4 images can be used \(1 undecodable_image; first: cat/0\.jpg"
    ):
        prepare_shift.main("zoo", folder_shift(folder, 4, ["cat", "sea_lion"]), manifest)
    assert not list(manifest.parent.glob("*"))


def evaluated(tmp_path: Path, predicted: list[int]) -> tuple[Path, Path]:
    """A prepared set of two cats and two sea lions, and an evaluation that predicts these classes."""
    candidates = tmp_path / "shifts" / "zoo" / "manifest.json"
    spec = folder_shift(make_folder(tmp_path / "zoo", animals(2)), 4, ["cat", "sea_lion"])
    prepare_shift.main("zoo", spec, candidates)
    evaluation = tmp_path / "evals" / "candidates.json"
    write_json(evaluation, {"weights": [{"epoch": 1, "sha256": "11"}, {"epoch": 2, "sha256": "22"}]})
    logits = np.eye(2, dtype=np.float32)
    save_file({"001/zoo": logits[[0, 0, 1, 1]], "002/zoo": logits[predicted]}, evaluation.with_suffix(".safetensors"))
    return candidates, evaluation


def adversarial(items: int) -> dict[str, Any]:
    labels = {"class_names": ["cat", "sea_lion"], "subset": ["cat", "sea_lion"], "prompts": ["a {}"]}
    return {"kind": "adversarial", "version": 1, "items": items, "model": {"epoch": 2}, **labels}


def test_an_adversarial_set_holds_what_the_model_gets_wrong_byte_for_byte(tmp_path: Path) -> None:
    candidates, evaluation = evaluated(tmp_path, [1, 0, 0, 0])
    manifest = tmp_path / "shifts" / "hard" / "manifest.json"
    filter_shift.main("hard", adversarial(2), candidates, evaluation, manifest)
    index = pd.read_parquet(manifest.with_name("index.parquet"))
    files = animals(2)
    assert list(image_bytes(index, manifest.parent)) == [files["cat/0.jpg"], files["sea_lion/0.jpg"]]
    assert index["label"].tolist() == ["cat", "sea_lion"]
    origin = read_json(manifest)["adversarial"]
    assert origin["weights"] == {"epoch": 2, "sha256": "22"}
    assert origin["candidate_items"] == 4
    assert origin["evaluation_sha256"] == sha256_file(evaluation)
    assert origin["candidates"] == read_json(candidates)["id_set_sha256"]


def test_an_adversarial_set_that_cannot_be_filled_is_refused(tmp_path: Path) -> None:
    candidates, evaluation = evaluated(tmp_path, [1, 0, 1, 1])
    manifest = tmp_path / "shifts" / "hard" / "manifest.json"
    with pytest.raises(CountError, match=r"^shifts\.hard\.items: 2 declared, but the reference model gets only 1 of 4"):
        filter_shift.main("hard", adversarial(2), candidates, evaluation, manifest)
    assert not manifest.exists()


def test_the_table_of_pools_repeats_the_manifests_counts(tmp_path: Path, pipeline: Pipeline) -> None:
    specs = {
        "web": shards_pool(web_shards(tmp_path / "web"), parts=2)
        | {"title": "Web", "substitutes": None, "paper_pairs": 123456},
        "zoo": folder_pool(make_folder(tmp_path / "zoo", animals(2)))
        | {"title": "Zoo", "substitutes": None, "paper_pairs": None},
    }
    manifests = [pipeline.shard("web", specs["web"], [SHORT]), pipeline.shard("zoo", specs["zoo"])]
    receipts = sorted((pipeline.root / "pools").glob("*/*.json"))
    collect_statistics.main(list(specs), manifests, tmp_path / "statistics.csv")
    collect_pools.main(specs, manifests, receipts, [], tmp_path / "statistics.csv", tmp_path / "pools.csv")
    table = pd.read_csv(tmp_path / "pools.csv", dtype={"paper_pairs": "Int64"}).set_index("pool")
    web, zoo = table.loc["web"], table.loc["zoo"]
    assert (web["requested"], web["stored"], web["kept"]) == (12, 10, 8)
    assert web["shards"] == len(read_json(manifests[0])["shards"])
    assert json.loads(web["failed"]) == {"undecodable_image": 2}
    assert json.loads(web["dropped"]) == {"short": 2}
    assert web["paper_pairs"] == 123456
    assert pd.isna(zoo["paper_pairs"])
    assert web["bytes"] == sum(shard["bytes"] for shard in read_json(manifests[0])["shards"])
    # "a photo of a cat" twice, "a photo of a sea lion" twice; widths 20 to 23 at height 16
    assert (zoo["caption_words_mean"], zoo["width_median"], zoo["height_median"]) == (5.5, 21.5, 16.0)
    assert zoo["aspect_median"] == pytest.approx(21.5 / 16, abs=0.001)


def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_script_shows_its_flags_by_hand() -> None:
    shown = call("workflow.scripts.filter_pool", "--help")
    assert shown.returncode == 0
    assert "Apply a filter to a pool's stored rows" in shown.stdout
    assert "--receipts" in shown.stdout


def test_scripts_run_by_hand_like_in_the_workflow(tmp_path: Path, pipeline: Pipeline) -> None:
    spec = shards_pool(web_shards(tmp_path / "web"))
    out = [tmp_path / "by-hand" / f"0.{extension}" for extension in ("tar", "parquet", "json")]
    paths = ["--images", str(out[0]), "--rows", str(out[1]), "--receipt", str(out[2])]
    done = call("workflow.scripts.download_pool", "--spec", json.dumps(spec), "--pool", "web", "--part", "0", *paths)
    assert done.returncode == 0, done.stderr
    assert "12 requested, 10 stored" in done.stderr
    (receipt,) = pipeline.download("web", spec)
    assert contents(tmp_path / "by-hand") == contents(receipt.parent)

    steps = ["--steps", json.dumps(SHORT), json.dumps(TWINS), "--pool", "web", "--filter", "some"]
    kept = tmp_path / "filter"
    paths = ["--kept", f"{kept}/kept.npy", "--dropped", f"{kept}/dropped.parquet", "--counts", f"{kept}/report.json"]
    done = call("workflow.scripts.filter_pool", "--receipts", str(out[2]), *steps, *paths)
    assert done.returncode == 0, done.stderr
    assert contents(kept) == contents(pipeline.filter("web", [receipt], [SHORT, TWINS]))


def test_an_error_by_hand_is_a_sentence_and_a_status(tmp_path: Path) -> None:
    spec = json.dumps(shards_pool(tmp_path / "none.tar"))
    paths = [f"--{name}={tmp_path / name}" for name in ("images", "rows", "receipt")]
    done = call("workflow.scripts.download_pool", "--spec", spec, "--pool", "web", "--part", "0", *paths)
    assert done.returncode == 1
    assert "pools.web.path: no file matches" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
