"""The scripts that describe pools, from shards to statistics, counts and figures, by calling their `main`."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json, write_json
from datalines.samples import pictures
from datalines.shards import keyed_order
from tests.unit.tiny_index import write_shards
from workflow.scripts import collect_pools, collect_samples, collect_statistics, draw_pool_figure

PAPERS = Path(__file__).resolve().parents[2] / "workflow/scripts/papers/qnq"
STUDY = {"scale": "toy", "substitutions": ["Everything is noise."]}
TITLES = {"photo": "Photos", "art": "Paintings"}
CAPTIONS = ["a cat", "two dogs, at 50 %", "日本 の 城 🌸", "مرحبا بالعالم", "one more caption, longer than these"]
SIZES = [(30, 20), (20, 45), (24, 24)]


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    """Manifests of two pools of 23 and 5 samples."""
    captions = {"photo": [f"{CAPTIONS[number % 5]} {number}" for number in range(23)], "art": CAPTIONS}
    return [write_shards(tmp_path / "shards" / pool / "all", pool, captions[pool], SIZES) for pool in TITLES]


def measure(folder: Path, shards: list[Path], sample: int = 10) -> Path:
    table = folder / f"statistics-{sample}.csv"
    collect_statistics.main(list(TITLES), shards, table, sample)
    return table


def test_statistics_are_of_a_repeatable_sample_of_every_pool(tmp_path: Path, shards: list[Path]) -> None:
    path = measure(tmp_path, shards)
    table = pd.read_csv(path)
    assert list(table) == ["pool", "id", "characters", "words", "width", "height", "bytes"]
    assert table["pool"].value_counts().to_dict() == {"photo": 10, "art": 5}
    index = pd.read_parquet(shards[0].with_name("index.parquet")).set_index("id")
    photo = table[table["pool"] == "photo"]
    assert photo["id"].tolist() == keyed_order(index.index, 0)[:10]
    assert photo["words"].tolist() == [len(index.loc[name, "caption"].split()) for name in photo["id"]]
    assert photo["bytes"].tolist() == index.loc[photo["id"], "image_bytes"].tolist()
    first = path.read_bytes()
    assert measure(tmp_path, shards).read_bytes() == first
    larger = pd.read_csv(measure(tmp_path, shards, 100))
    assert set(table["id"]) < set(larger["id"]) and len(larger) == 28


def test_manifests_in_another_order_than_their_pools_are_refused(tmp_path: Path, shards: list[Path]) -> None:
    with pytest.raises(DatalinesError, match="is of pool art, but stands in the place of photo"):
        collect_statistics.main(list(TITLES), shards[::-1], tmp_path / "statistics.csv")


def labels(**more: Any) -> dict[str, Any]:
    return {"title": "Photos", "kind": "urls", "substitutes": None, "paper_pairs": 1000, **more}


def receipts(folder: Path, shards: list[Path]) -> list[Path]:
    """A receipt for every pool that says what its shards' manifest says."""
    paths = []
    for manifest in shards:
        content = read_json(manifest)
        paths.append(folder / "pools" / content["pool"] / "0.json")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        write_json(paths[-1], {name: content[name] for name in ("requested", "stored", "failed")})
    return paths


def listing(folder: Path, requested: int, rows: int) -> Path:
    path = folder / "lists" / "photo" / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"pool": "photo", "rows": rows, "not_selected": {"english": 4}, "not_sampled": 2, "requested": requested}
    write_json(path, content)
    return path


def test_counts_of_pools_hold_the_list_and_the_medians_of_the_sample(tmp_path: Path, shards: list[Path]) -> None:
    pools = {"photo": labels(), "art": labels(title="Paintings", substitutes="yfcc", paper_pairs=None)}
    statistics, table = measure(tmp_path, shards), tmp_path / "pools.csv"
    lists = [listing(tmp_path, 24, 30)]
    collect_pools.main(pools, shards, receipts(tmp_path, shards), lists, statistics, table)
    rows = pd.read_csv(table, dtype=dict.fromkeys(collect_pools.WHOLE, "Int64")).set_index("pool")
    photo, art = rows.loc["photo"], rows.loc["art"]
    assert (photo["list_rows"], photo["not_sampled"], photo["requested"], photo["kept"]) == (30, 2, 24, 23)
    assert json.loads(photo["not_selected"]) == {"english": 4} and json.loads(photo["failed"]) == {"timeout": 1}
    assert pd.isna(art["list_rows"]) and art["substitutes"] == "yfcc" and pd.isna(art["paper_pairs"])
    sample = pd.read_csv(statistics).query("pool == 'photo'")
    medians = ("width_median", "height_median", "caption_words_median", "sampled")
    assert [photo[name] for name in medians] == [*(sample[name].median() for name in ("width", "height", "words")), 10]
    index = pd.read_parquet(shards[0].with_name("index.parquet"))
    assert photo["caption_words_mean"] == round(index["caption"].str.split().str.len().mean(), 2)


def test_counts_that_contradict_each_other_are_refused(tmp_path: Path, shards: list[Path]) -> None:
    pools, statistics, table = {"photo": labels()}, measure(tmp_path, shards), tmp_path / "pools.csv"
    own = receipts(tmp_path, shards)
    with pytest.raises(CountError, match="not sampled, 24 requested"):
        collect_pools.main(pools, shards[:1], own, [listing(tmp_path, 24, 31)], statistics, table)
    write_json(own[0], {"requested": 25, "stored": 23, "failed": {"timeout": 2}})
    with pytest.raises(CountError, match=r"says requested: 24, the receipts in .*photo say 25"):
        collect_pools.main(pools, shards[:1], own, [], statistics, table)
    own = receipts(tmp_path, shards)
    write_json(shards[0], read_json(shards[0]) | {"samples": 22})
    with pytest.raises(CountError, match="counts 22 samples, its index 23"):
        collect_pools.main(pools, shards[:1], own, [], statistics, table)
    others = {"art": labels()}
    pd.read_csv(statistics).query("pool == 'photo'").to_csv(statistics, index=False)
    with pytest.raises(DatalinesError, match=r"statistics.csv has no row of pool art"):
        collect_pools.main(others, shards[1:], own, [], statistics, table)


def collect(folder: Path, shards: list[Path], count: int = 20) -> Path:
    """Samples of both pools and of an evaluation set of 23 images, seven of class `dog`."""
    labels = ["dog" if number % 3 == 1 and number < 21 else "cat" for number in range(23)]
    photos = write_shards(folder / "shifts" / "sketch", "sketch", ["" for _ in labels], SIZES, labels)
    table = folder / "samples.parquet"
    wanted = {"sketch": {"count": 5, "classes": {"dog": 4}}}
    collect_samples.main({"photo": count, "art": count}, wanted, [*shards, photos], table)
    return table


def draw(folder: Path, shards: list[Path], script: str, shown: list[str], kind: str = "pools", **more: Any) -> Path:
    spec = {"title": "Toy figure", "script": script, "pools": None, "sets": None, "caption": None, "options": {}}
    spec |= {kind: shown} | more
    pdf = folder / "papers" / f"{script}.pdf"
    pdf.parent.mkdir(exist_ok=True)
    statistics, samples = measure(folder, shards), collect(folder, shards)
    draw_pool_figure.main(
        spec, TITLES, STUDY, statistics, samples, PAPERS / f"{script}.py", pdf, pdf.with_suffix(".md")
    )
    return pdf


@pytest.mark.parametrize("script", ["fig_07_caption_lengths", "fig_08_image_sizes", "fig_09_aspect_ratios"])
def test_figures_of_statistics_need_no_images(script: str, tmp_path: Path, shards: list[Path]) -> None:
    pdf = draw(tmp_path, shards, script, ["photo", "art"])
    for ending in ("pdf", "png", "svg", "csv"):
        assert pdf.with_suffix(f".{ending}").stat().st_size > 100
    assert {"photo", "art"} <= set(pd.read_csv(pdf.with_suffix(".csv"))["pool"].dropna())
    text = pdf.with_suffix(".md").read_text()
    assert text.startswith("**Toy figure.** ") and "10 random ones" in text.replace("\n", " ")
    assert "Scale: toy." in text and "Everything is noise." in text and not re.search(r"\{\w+\}", text)


def test_a_sheet_shows_random_pairs_with_their_own_captions(tmp_path: Path, shards: list[Path]) -> None:
    pdf = draw(tmp_path, shards, "fig_10_samples", ["photo"])
    listed = pd.read_csv(pdf.with_suffix(".csv"))
    index = pd.read_parquet(shards[0].with_name("index.parquet")).set_index("id")
    assert listed["id"].tolist() == keyed_order(index.index, 0)[:20]
    assert listed["caption"].tolist() == index.loc[listed["id"], "caption"].tolist()
    assert listed["width"].tolist() == index.loc[listed["id"], "width"].tolist()
    before = {path.name: path.read_bytes() for path in pdf.parent.iterdir()}
    draw(tmp_path, shards, "fig_10_samples", ["photo"])
    assert {path.name: path.read_bytes() for path in pdf.parent.iterdir()} == before
    assert "Random training samples from Photos" in pdf.with_suffix(".md").read_text()


def test_collected_images_are_those_of_their_rows(tmp_path: Path, shards: list[Path]) -> None:
    table = pd.read_parquet(collect(tmp_path, shards))
    found = pictures(table, "pool", "photo", 20)
    assert [image.size for image in found["image"]] == list(zip(found["width"], found["height"], strict=True))
    assert len({image.tobytes() for image in found["image"]}) == 20
    assert sorted(pictures(table, "pool", "art", 20)["text"]) == sorted(CAPTIONS)
    index = pd.read_parquet(shards[0].with_name("index.parquet")).set_index("id")
    assert found["id"].tolist() == keyed_order(index.index, 0)[:20]
    first = collect(tmp_path, shards).read_bytes()
    assert collect(tmp_path, shards).read_bytes() == first


def test_a_class_is_shown_from_an_evaluation_set(tmp_path: Path, shards: list[Path]) -> None:
    pdf = draw(tmp_path, shards, "fig_16_shifts", ["sketch"], "sets", options={"of": "dog", "columns": 3})
    listed = pd.read_csv(pdf.with_suffix(".csv"))
    index = pd.read_parquet(tmp_path / "shifts" / "sketch" / "index.parquet").set_index("id")
    dogs = [name for name in keyed_order(index.index, 0) if index.loc[name, "label"] == "dog"]
    assert listed["id"].tolist() == dogs[:3]
    assert 'class "dog"' in pdf.with_suffix(".md").read_text()
    with pytest.raises(DatalinesError, match=r"options\.of is missing; write the class"):
        draw(tmp_path, shards, "fig_16_shifts", ["sketch"], "sets")
    with pytest.raises(
        DatalinesError, match="sketch holds no image of class 'cow'; a figure may name one of: cat, dog"
    ):
        collect_samples.of_class(tmp_path / "shifts" / "sketch" / "index.parquet", "cow", 3, "sketch")


def test_a_sheet_without_its_pool_samples_or_shards_is_refused(tmp_path: Path, shards: list[Path]) -> None:
    with pytest.raises(DatalinesError, match=r"options.pool is 'wit'"):
        draw(tmp_path, shards, "fig_10_samples", ["photo"], options={"pool": "wit"})
    with pytest.raises(DatalinesError, match=r"holds 0 of 20 samples of wit; delete it and run again"):
        draw(tmp_path, shards, "fig_10_samples", ["wit"])
    fewer = pd.read_parquet(collect(tmp_path, shards, 7))
    with pytest.raises(DatalinesError, match=r"holds 7 of 20 samples of photo; delete it"):
        pictures(fewer, "pool", "photo", 20)
    (shards[0].parent / "00002.tar").unlink()
    with pytest.raises(DatalinesError, match=r"00002\.tar is listed .* but missing: delete that manifest"):
        collect(tmp_path, shards)


def test_a_caption_of_the_config_wins(tmp_path: Path, shards: list[Path]) -> None:
    pdf = draw(tmp_path, shards, "fig_09_aspect_ratios", ["art"], caption="Own words on {pools}, {sample} each.")
    assert pdf.with_suffix(".md").read_text().startswith("**Toy figure.** Own words on Paintings, 5 each.")
