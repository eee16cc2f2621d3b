"""The scripts from training to the report, called by hand on a few dozen images, each on what the ones before it
left."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from datalines.errors import CountError, DatalinesError, TrainingError
from datalines.files import read_json, sha256_file, write_csv
from datalines.training.schedule import learning_rate
from datalines.training.weights import load_weights
from tests.scripts.tiny_files import samples, write_mixture, write_shift
from tests.unit.tiny_runs import CLASSES, recipe, supervised
from workflow.scripts import (
    collect_records,
    collect_samples,
    draw_batches,
    draw_figure,
    draw_samples,
    evaluate_run,
    fit_lines,
    make_table,
    train_model,
    write_report,
)

PAPERS = Path(__file__).parents[2] / "workflow" / "scripts" / "papers" / "qnq"
# A figure's docstring is its caption.
OPENING = " ".join((PAPERS / "fig_02_sources.py").read_text().strip('"').split()[:5])
SHIFTS = {"reference": CLASSES, "sketch": ["dog", "fish"]}
STUDY = {"title": "Toy study", "description": "For tests.", "scale": "toy", "substitutions": ["Everything is noise."]}
TITLES = {
    "labelled": "Labelled",
    "photo": "Photos",
    "art": "Paintings",
    "pair": "Both together",
    "reference": "Reference",
    "sketch": "Sketches",
}
EXPERIMENT: dict[str, Any] = {
    "title": "Toy", "families": ["photo", "art"], "ensembles": ["pair"], "baseline": "labelled", "suite": "natural",
    "reference": "reference", "shifts": ["sketch"], "axis": "probit", "floor": 0.0, "level": 0.95, "resamples": 50,
    "resample": "points", "lines": {}, "in_distribution": None,
}  # fmt: skip
PAIR = {"members": ["photo", "art"], "sizes": ["full"], "weights": [0.0, 0.5, 1.0], "seeds": [0], "epochs": [1, 3]}


class Toy:
    """A results folder: paths as the rules name them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, subset in SHIFTS.items():
            write_shift(root / "shifts" / name, name, subset=subset)
        for name in ("photo", "art"):
            write_mixture(root / "mixtures" / name / "full", name)

    def run(self, family: str) -> Path:
        """Summary of a family's run."""
        return self.root / "runs" / family / "full" / "0" / "summary.json"

    def evaluation(self, family: str) -> Path:
        """Evaluation of a family's run."""
        return self.root / "evals" / family / "full" / "0" / "natural.json"

    def train(self, family: str, of: dict[str, Any], mixture: str) -> None:
        """Train, as the rule does."""
        run = self.run(family)
        manifest = self.root / "mixtures" / mixture / "full" / "manifest.json"
        spec = {"mixture": mixture, "recipe": of}
        train_model.main(family, "full", 0, spec, manifest, run, run.with_name("history.csv"), self.root / "state", 1)

    def evaluate(self, family: str) -> None:
        """Evaluate, as the rule does."""
        target = self.evaluation(family)
        sets = [self.root / "shifts" / name / "manifest.json" for name in SHIFTS]
        evaluate_run.main(self.run(family), "natural", "small", sets, target, target.with_suffix(".safetensors"), 1)

    def collect(self, *without: str, **families: Any) -> Path:
        """Collect the records of the experiment, but for the evaluations named."""
        keys = {"mixture": "photo", "sizes": ["full"], "seeds": [0], "epochs": [1, 3]}
        declared = dict.fromkeys(("photo", "art"), keys) | {"labelled": {**keys, "epochs": [2]}} | families
        evaluations = [
            self.evaluation(name) for name in declared if name not in without and self.evaluation(name).is_file()
        ]
        table = self.root / "records" / "toy.csv"
        spec = {**{key: EXPERIMENT[key] for key in ("families", "baseline")}, "sets": ["reference", "sketch"]}
        collect_records.main("toy", spec, declared, {"pair": PAIR}, evaluations, table)
        return table


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Two contrastive runs and a supervised one, evaluated, collected and fitted."""
    made = Toy(tmp_path_factory.mktemp("toy"))
    for family, of, mixture in (
        ("photo", recipe(), "photo"), ("art", recipe(), "art"), ("labelled", supervised(epochs=2, keep=[2]), "photo"),
    ):  # fmt: skip
        made.train(family, of, mixture)
        made.evaluate(family)
    fit_lines.main(EXPERIMENT, made.collect(), made.root / "fits" / "toy.csv")
    return made


def test_training_leaves_the_kept_weights_and_says_what_they_are(toy: Toy) -> None:
    summary, folder = read_json(toy.run("photo")), toy.run("photo").parent
    assert [entry["path"] for entry in summary["weights"]] == ["epoch-001.safetensors", "epoch-003.safetensors"]
    for entry in summary["weights"]:
        assert entry["sha256"] == sha256_file(folder / entry["path"])
        _, spec = load_weights(folder / entry["path"])
        assert spec["epoch"] == entry["epoch"] and spec["samples_seen"] == entry["epoch"] * 24
        assert spec["run"] == {key: summary[key] for key in ("family", "size", "seed", "recipe", "data")}
    assert (summary["samples"], summary["steps"], summary["samples_seen"], summary["mixture"]) == (28, 9, 72, "photo")
    names = {"summary.json", "history.csv", "epoch-001.safetensors", "epoch-003.safetensors"}
    assert {path.name for path in folder.iterdir()} == names
    assert not [path for path in (toy.root / "state").iterdir() if path.suffix not in (".lock", ".done")]


def test_the_history_has_the_schedule_and_a_loss_for_every_step(toy: Toy) -> None:
    history = pd.read_csv(toy.run("photo").with_name("history.csv"))
    assert list(history["lr"]) == [learning_rate(step, 9, 2, 1e-3) for step in range(9)]
    assert history["loss"].between(0, 10).all() and history["loss"].nunique() == 9


def test_training_on_too_few_samples_stops(toy: Toy) -> None:
    with pytest.raises(DatalinesError, match="holds 28 samples, fewer than one batch of 32"):
        toy.train("large", recipe(batch=32), "photo")
    assert not toy.run("large").exists()


def test_supervised_training_on_an_unknown_class_stops(toy: Toy) -> None:
    with pytest.raises(TrainingError, match="mixture holds fish, the recipe's classes are cat, dog"):
        toy.train("partial", supervised() | {"class_names": ["cat", "dog"]}, "photo")


def test_the_same_ids_with_other_images_are_other_data(toy: Toy) -> None:
    """A pool that is drawn anew gives its items the same ids; a state or a record of the old images must not pass for
    the new."""
    old = toy.root / "mixtures" / "photo" / "full" / "manifest.json"
    new = write_mixture(toy.root / "mixtures" / "redrawn" / "full", "photo", draw=1)
    assert read_json(new)["id_set_sha256"] == read_json(old)["id_set_sha256"]
    toy.train("redrawn", recipe(epochs=1, keep=[1]), "redrawn")
    assert read_json(toy.run("redrawn"))["data"] != read_json(toy.run("photo"))["data"]


def test_a_shard_that_is_not_what_its_manifest_says_leaves_no_run(toy: Toy) -> None:
    manifest = write_mixture(toy.root / "mixtures" / "altered" / "full", "photo")
    shard = manifest.with_name("00000.tar")
    data = bytearray(shard.read_bytes())
    data[2000] ^= 1
    shard.write_bytes(bytes(data))
    with pytest.raises(
        DatalinesError, match=r"altered/full/00000.tar has been altered.* delete .*manifest.json and run"
    ):
        toy.train("altered", recipe(), "altered")
    assert not toy.run("altered").exists()


def test_samples_that_do_not_decode_are_listed_by_their_ids(toy: Toy) -> None:
    write_mixture(toy.root / "mixtures" / "spoilt" / "full", "photo", bad=(3, 25))
    with pytest.raises(TrainingError, match=r"1 sample did not decode and the recipe allows 0 \(`undecodable`\)"):
        toy.train("spoilt", recipe(), "spoilt")
    assert not toy.run("spoilt").exists()
    toy.train("spoilt", recipe(undecodable=2), "spoilt")
    identities = [sample.id for sample in samples("photo", 28)]
    listed = read_json(toy.run("spoilt"))["undecodable"]
    assert [entry["id"] for entry in listed] == [identities[3], identities[25]]
    assert all("no image format" in entry["reason"] for entry in listed)


def test_evaluation_measures_every_kept_epoch_on_every_shift(toy: Toy) -> None:
    content = read_json(toy.evaluation("photo"))
    assert [(row["epoch"], row["shift"]) for row in content["measures"]] == [(e, s) for e in (1, 3) for s in SHIFTS]
    assert {row["n"] for row in content["measures"]} == {18}
    arrays = load_file(toy.evaluation("photo").with_suffix(".safetensors"))
    for row in content["measures"]:
        values, allowed = arrays[f"{row['epoch']:03d}/{row['shift']}"], arrays[f"allowed/{row['shift']}"]
        assert values.shape == (18, allowed.sum())
        chosen = np.flatnonzero(allowed)[values.argmax(axis=1)]
        assert row["correct"] == (chosen == arrays[f"labels/{row['shift']}"]).sum()
    assert arrays["allowed/sketch"].tolist() == [0, 1, 1] and set(arrays["labels/sketch"]) == {1, 2}


def test_missing_weights_are_named_with_the_way_out(toy: Toy) -> None:
    weights = toy.run("art").with_name("epoch-003.safetensors")
    hidden = weights.rename(weights.with_suffix(".hidden"))
    try:
        with pytest.raises(
            DatalinesError,
            match=r"epoch-003.safetensors is listed in .* but missing: delete .*summary.json and run again",
        ):
            toy.evaluate("art")
    finally:
        hidden.rename(weights)


def test_records_hold_the_grid_and_the_ensemble(toy: Toy) -> None:
    frame = pd.read_csv(toy.root / "records" / "toy.csv")
    assert frame.groupby(["kind", "family"]).size().to_dict() == {
        ("ensemble", "pair"): 12, ("model", "photo"): 4, ("model", "art"): 4, ("model", "labelled"): 2,
    }  # fmt: skip
    ends = frame[frame["weight"] == 1.0].set_index(["epoch", "shift"])["correct"]
    alone = frame[frame["family"] == "photo"].set_index(["epoch", "shift"])["correct"]
    assert ends.to_dict() == alone.to_dict()


def test_a_missing_evaluation_is_an_error(toy: Toy) -> None:
    with pytest.raises(CountError, match=r"experiments.toy: 2 points .* \('labelled', 'full', 0, 2, 'reference'\)"):
        toy.collect("labelled")


def test_an_epoch_that_was_not_evaluated_is_an_error(toy: Toy) -> None:
    keys = {"mixture": "art", "sizes": ["full"], "seeds": [0], "epochs": [1, 2, 3]}
    with pytest.raises(CountError, match=r"2 points .* \('art', 'full', 0, 2, 'reference'\)"):
        toy.collect(art=keys)


def test_every_family_and_ensemble_has_a_fit(toy: Toy) -> None:
    fits = pd.read_csv(toy.root / "fits" / "toy.csv")
    drawn = {("model", "photo"), ("model", "art"), ("model", "labelled"), ("ensemble", "pair")}
    assert set(zip(fits["kind"], fits["family"], fits["axis"], strict=True)) == {
        (*line, axis) for line in drawn for axis in ("probit", "logit", "linear")
    }
    assert set(fits["shift"]) == {"sketch"}
    # As many points as kept epochs; an ensemble's line is drawn through its points of equal weight.
    points = (fits["n"] + fits["dropped"]).groupby(fits["family"]).unique().map(list).to_dict()
    assert points == {"photo": [2], "art": [2], "pair": [2], "labelled": [1]}


def draw(toy: Toy, **changes: Any) -> Path:
    """Draw the figure of the lines; returns the pdf."""
    pdf = toy.root / "papers" / "toy" / "fig-02.pdf"
    pdf.parent.mkdir(parents=True, exist_ok=True)
    spec = {"title": "Lines", "shifts": ["sketch"], "caption": None, "options": {}, **changes}
    tables = [toy.root / "records" / "toy.csv", toy.root / "fits" / "toy.csv"]
    draw_figure.main(spec, EXPERIMENT, TITLES, STUDY, tables, PAPERS / "fig_02_sources.py", pdf, pdf.with_suffix(".md"))
    return pdf


def test_a_figure_has_its_files_and_a_filled_caption(toy: Toy) -> None:
    pdf = draw(toy)
    assert pdf.read_bytes().startswith(b"%PDF") and pdf.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in pdf.with_suffix(".svg").read_text()
    assert {"photo", "art"} <= set(pd.read_csv(pdf.with_suffix(".csv"))["family"])
    text = pdf.with_suffix(".md").read_text()
    assert text.startswith(f"**Lines.** {OPENING}") and "Everything is noise." in text
    assert "Reference" in text and "scale: toy" in text
    assert not re.search(r"\{\w+\}", text)


def test_a_caption_of_the_config_wins(toy: Toy) -> None:
    assert (
        draw(toy, caption="Own words on {points} points.")
        .with_suffix(".md")
        .read_text()
        .startswith("**Lines.** Own words on 5 points.")
    )
    draw(toy)


def tabulate(toy: Toy) -> Path:
    """Make the table of sources; returns the csv."""
    row = {
        "pool": "photo", "title": "Photos", "kind": "folder", "requested": 30, "stored": 29,
        "failed": '{"missing_image": 1}', "filter": "keep-all", "kept": 28, "dropped": '{"small": 1}',
        "shards": 2, "bytes": 100, "substitutes": None, "list_rows": None, "not_selected": "{}", "not_sampled": None,
        "caption_words_mean": 3.0, "caption_words_sd": 1.0, "width_median": 20.0, "height_median": 18.0,
        "aspect_median": 1.1, "paper_pairs": 1000,
    }  # fmt: skip
    write_csv(toy.root / "records" / "pools.csv", pd.DataFrame([row]))
    csv = toy.root / "papers" / "toy" / "tab-01.csv"
    csv.parent.mkdir(parents=True, exist_ok=True)
    spec: dict[str, Any] = {"title": "Sources", "caption": None, "options": {}, "pools": ["photo"], "tables": None}
    make_table.main(spec, TITLES, STUDY, [toy.root / "records" / "pools.csv"], PAPERS / "tab_01_sources.py", csv)
    return csv


def test_a_table_has_its_files_and_notes(toy: Toy) -> None:
    csv = tabulate(toy)
    assert pd.read_csv(csv)["Kept"].tolist() == [28]
    assert "Photos" in csv.with_suffix(".tex").read_text()
    assert (
        "Scale: toy." in csv.with_suffix(".md").read_text()
        and "Everything is noise." in csv.with_suffix(".md").read_text()
    )


def sheets(toy: Toy, cells: int = 4) -> list[Path]:
    """Draw the sheets of samples; returns both pngs."""
    folder = toy.root / "samples"
    folder.mkdir(exist_ok=True)
    pools = [toy.root / "mixtures" / name / "full" / "manifest.json" for name in ("photo", "art")]
    sets = [toy.root / "shifts" / name / "manifest.json" for name in SHIFTS]
    collected = toy.root / "records" / "samples.parquet"
    wanted = {name: {"count": 9, "classes": {}} for name in SHIFTS}
    collect_samples.main({"photo": 9, "art": 9}, wanted, [*pools, *sets], collected)
    shown = {"sources": {"photo": "Photos", "art": "Paintings"}, "shifts": {name: TITLES[name] for name in SHIFTS}}
    for sheet, titles in shown.items():
        draw_samples.main(sheet, titles, collected, folder / f"{sheet}.png", cells)
    return [folder / f"{sheet}.png" for sheet in shown]


def batches(toy: Toy) -> list[Path]:
    """Draw the first batches of training; returns the png."""
    manifest, png = toy.root / "mixtures" / "photo" / "full" / "manifest.json", toy.root / "samples" / "batches.png"
    draw_batches.main({"photo": {"title": "All", "seed": 0, "batch": 8, "window": 28}}, TITLES, [manifest], 3, png)
    return [png]


def test_sheets_show_the_same_samples_every_time_with_their_own_captions(toy: Toy) -> None:
    files = sheets(toy)
    listed = pd.read_csv(files[0].with_suffix(".csv"))
    assert listed["name"].value_counts().to_dict() == {"photo": 4, "art": 4}
    captions = {sample.id: sample.caption for name in ("photo", "art") for sample in samples(name, 28)}
    assert [captions[identity] for identity in listed["id"]] == list(listed["text"])
    before = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in sheets(toy)] == before
    assert set(pd.read_csv(files[1].with_suffix(".csv")).query("name == 'sketch'")["text"]) <= {"dog", "fish"}


def test_the_report_holds_figures_tables_samples_and_fits(toy: Toy) -> None:
    html = toy.root / "report" / "index.html"
    draw(toy)
    tabulate(toy)
    papers = {
        "toy": {
            "title": "A toy paper",
            "tables": {"tab-01": {"title": "Sources"}},
            "claims": {},
            "figures": {"fig-02": {"title": "Lines"}},
        }
    }
    figures = [toy.root / "papers" / "toy" / "fig-02.md"]
    folder, fits = toy.root / "records", [toy.root / "fits" / "toy.csv"]
    write_report.main(
        {**STUDY, "overlap_distance": 4},
        papers,
        TITLES,
        {"toy": EXPERIMENT},
        {
            "photo": {
                "title": "Photos",
                "kind": "synthetic",
                "version": 1,
                "filter": None,
                "licence": "CC0",
                "source": None,
                "card": None,
            }
        },
        figures,
        [folder / "pools.csv"],
        fits,
        [folder / "toy.csv", folder / "pools.csv"],
        sheets(toy),
        batches(toy),
        html,
        pages := html.with_name("pages.json"),
    )
    page = html.read_text()
    for text in (
        "Toy study",
        "A toy paper",
        "Lines",
        OPENING,
        "Everything is noise.",
        "Fits of experiment toy",
        "Sources in the first batches of every mixture",
    ):
        assert text in page, text
    assert "30 items requested, 29 stored, 28 kept" in page
    links = set(re.findall(r'(?:href|src)="((?!data:|#|http)[^"]+)"', page))
    assert links and all((html.parent / link).is_file() for link in links)
    further = [entry["path"] for entry in json.loads(pages.read_text())["pages"]]
    assert all((html.parent / path).is_file() for path in further)
    assert {"pages/experiment-toy.html", "pages/source-photo.html", "pages/family-art.html"} <= set(further)
