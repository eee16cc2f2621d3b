"""A whole run: what it starts from, what stops it before its first step, and what it says of itself in the end."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from datalines.devices import CHOICE
from datalines.errors import DatalinesError, StaleRunError, TrainingError
from datalines.files import read_json, sha256_file
from datalines.loading import manifest as loading
from datalines.loading.batches import Batch
from datalines.loading.decoders import decoder
from datalines.training import run as running
from datalines.training.launch import train
from datalines.training.loop import Trainer
from datalines.training.run import HISTORY, Run, finished, prepare
from datalines.training.state import SPEC
from datalines.training.weights import save_weights
from tests.scripts.tiny_files import write_mixture
from tests.unit.tiny_objectives import copied
from tests.unit.tiny_runs import objective, recipe, supervised
from tests.unit.tiny_training import ALONE, NEVER, interrupt, left, run_of

# At positions 18 and 2 of the first epoch of seed 1.
BAD = (5, 21)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of 28 pairs, of which two do not decode: one is met in the first step, one in the third."""
    return write_mixture(tmp_path_factory.mktemp("spoilt"), "photo", bad=BAD)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps that are taken."""
    taken: list[int] = []
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        sound(trainer, batch)
        taken.append(batch.step)

    monkeypatch.setattr(Trainer, "_one", one)
    return taken


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again, other = (prepare(recipe(), seed, {}, ALONE.device).model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["token_embedding.weight"], other["token_embedding.weight"])


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_memory_format_is_the_recipes(channels_last: bool) -> None:
    model = prepare(recipe(channels_last=channels_last), 0, {}, ALONE.device).model
    kernels = [value for value in model.parameters() if value.ndim == 4 and value.shape[1] > 1 and value.shape[2] > 1]
    assert kernels
    assert all(value.is_contiguous(memory_format=torch.channels_last) is channels_last for value in kernels)


def test_a_run_is_plain_data_and_back(mixture: Path, tmp_path: Path) -> None:
    run = run_of(mixture, tmp_path, recipe())
    assert Run(**json.loads(json.dumps(run.as_json()))) == run


def test_the_outcome_says_how_the_numbers_were_made(mixture: Path, tmp_path: Path) -> None:
    of = recipe(precision="bf16", determinism="seeded")
    train(run_of(mixture, tmp_path / "run", of, seconds=NEVER), 1)
    found = finished(tmp_path / "run") or {}
    assert [(entry["epoch"], entry["samples"]) for entry in found.pop("seen")] == [(1, 24), (2, 24), (3, 24)]
    assert found == {
        "samples": 28,
        "samples_seen": 72,
        "steps": 9,
        "ranks": 1,
        "device": "cpu",
        "precision": "bf16",
        "determinism": "seeded",
        "threads": 1,
        "parameters": sum(value.numel() for value in objective(of).model.parameters()),
        "decoder": decoder("pillow").identity,
        "undecodable": [],
    }


def test_levels_of_determinism_do_the_same_on_a_cpu(mixture: Path, tmp_path: Path) -> None:
    for level in ("fast", "deterministic"):
        train(run_of(mixture, tmp_path / level, recipe(determinism=level), seconds=NEVER), 1)
    # The recipe stands in the weights' header.
    fast, exact = (
        {name: load_file(path) for name, path in kept(tmp_path / level)} for level in ("fast", "deterministic")
    )
    assert all(torch.equal(value, exact[name][key]) for name, state in fast.items() for key, value in state.items())


def kept(folder: Path) -> list[tuple[str, Path]]:
    """Names and places of a run's weights."""
    return [(path.name, path) for path in sorted(folder.glob("*.safetensors"))]


def test_locked_image_tuning_leaves_the_given_tower_as_it_was(mixture: Path, tmp_path: Path) -> None:
    given = objective(recipe(), seed=9).model
    save_weights(tmp_path / "given.safetensors", given, recipe())
    digest = sha256_file(tmp_path / "given.safetensors")
    of = recipe(initial={"image": {"sha256": digest}}, frozen=["image"])
    run = run_of(mixture, tmp_path / "run", of)
    run.weights["image"] = str(tmp_path / "given.safetensors")
    interrupt_and_end(run)
    found, before = load_file(tmp_path / "run" / "epoch-003.safetensors"), copied(given)
    tower = {name for name in before if name.startswith("visual.")}
    assert any(name.endswith("running_mean") for name in tower)
    assert all(torch.equal(found[name], before[name]) for name in tower)
    start = prepare(of, 1, run.weights, ALONE.device).model.state_dict()
    assert all(not torch.equal(found[name], start[name]) for name in set(before) - tower)


def interrupt_and_end(run: Run) -> None:
    """Train with an interruption: what is frozen must be so after it as well."""
    with pytest.MonkeyPatch.context() as patch:
        interrupt(run, 5, patch)
    train(run, 1)


def test_over_a_frozen_tower_the_head_alone_is_trained(mixture: Path, tmp_path: Path) -> None:
    of = supervised(frozen=["image"], head="prototype")
    train(run_of(mixture, tmp_path / "run", of), 1)
    found = load_file(tmp_path / "run" / "epoch-003.safetensors")
    start = prepare(of, 1, {}, ALONE.device).model.state_dict()
    assert {name.split(".")[0] for name in found if not torch.equal(found[name], start[name])} == {"head"}


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-512])


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("harm", "told"),
    [(Path.unlink, "is missing"), (cut_off, "bytes, not the"), (altered, "has been altered: its sha256 is not")],
    ids=["missing", "truncated", "altered"],
)
def test_a_shard_that_is_not_as_declared_stops_the_run_before_the_first_step(
    tmp_path: Path, steps: list[int], harm: Callable[[Path], None], told: str
) -> None:
    manifest = write_mixture(tmp_path / "mixture", "photo")
    harm(tmp_path / "mixture" / "00001.tar")
    with pytest.raises(DatalinesError, match=rf"mixture/00001.tar .*{told}.*: delete .*manifest.json and run again"):
        train(run_of(manifest, tmp_path / "run", recipe()), 1)
    assert steps == []


@pytest.mark.parametrize("name", ["00000.tar", "index.parquet"])
def test_a_file_that_was_altered_during_a_pause_stops_the_run_before_it_goes_on(
    tmp_path: Path, steps: list[int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = write_mixture(tmp_path / "mixture", "photo")
    run = run_of(mixture, tmp_path / "run", recipe())
    interrupt(run, 4, monkeypatch)
    altered(mixture.with_name(name))
    with pytest.raises(DatalinesError, match=rf"mixture/{name} has been altered"):
        train(run, 1)
    assert steps == [0, 1, 2]


def test_files_that_look_as_they_did_are_not_read_again_after_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terabytes would keep GPUs waiting; whether all is there is looked at every time."""
    hashed: list[str] = []
    sound = loading.sha256_file

    def sha256_file(path: Path) -> str:
        hashed.append(path.name)
        return sound(path)

    monkeypatch.setattr(loading, "sha256_file", sha256_file)
    mixture = write_mixture(tmp_path / "mixture", "photo")
    run, files = run_of(mixture, tmp_path / "run", recipe()), ["00000.tar", "00001.tar", "index.parquet"]
    for step in (3, 4):
        interrupt(run, step, monkeypatch)
        assert sorted(hashed) == files
    mixture.with_name("00001.tar").touch()
    interrupt(run, 5, monkeypatch)
    assert sorted(hashed) == sorted(2 * files)
    mixture.with_name("00000.tar").unlink()
    with pytest.raises(DatalinesError, match=r"mixture/00000.tar is missing"):
        train(run, 1)


def test_a_label_that_the_head_does_not_know_stops_the_run_before_a_sample_is_read(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not be in the first batch."""
    monkeypatch.delattr(running, "batches")
    of = supervised() | {"class_names": ["cat", "dog"]}
    with pytest.raises(TrainingError, match="mixture holds fish, the recipe's classes are cat, dog"):
        train(run_of(mixture, tmp_path / "run", of), 1)


def test_the_state_of_another_run_stops_the_run_before_the_first_step(
    mixture: Path, tmp_path: Path, steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(run_of(mixture, tmp_path / "run", recipe()), 5, monkeypatch)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    del steps[:]
    with pytest.raises(StaleRunError, match=r"another run.*\n  recipe.epochs: 3 there, 5 asked for\n"):
        train(run_of(mixture, tmp_path / "run", recipe(epochs=5)), 1)
    assert steps == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_fp16_and_an_unknown_device_stop_the_run_before_the_first_step(
    mixture: Path, tmp_path: Path, steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, "cpu")
    with pytest.raises(DatalinesError, match="precision is fp16, which needs a GPU"):
        train(run_of(mixture, tmp_path / "run", recipe(precision="fp16")), 1)
    monkeypatch.setenv(CHOICE, "gpu")
    with pytest.raises(DatalinesError, match="write auto, cpu or cuda"):
        train(run_of(mixture, tmp_path / "run", recipe()), 1)
    assert steps == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_sample_that_does_not_decode_ends_the_run(spoilt: Path, tmp_path: Path, workers: int) -> None:
    told = (
        r"^1 sample did not decode and the recipe allows 0 \(`undecodable`\), the last in row (5|21) of the "
        r"mixture's index: the bytes are of no image format that is read"
    )
    with pytest.raises(TrainingError, match=told):
        train(run_of(spoilt, tmp_path / "run", recipe(), workers=workers), 1)
    assert finished(tmp_path / "run") is None


def test_one_more_than_the_recipe_allows_ends_the_run_also_after_a_pause(
    spoilt: Path, tmp_path: Path, steps: list[int]
) -> None:
    """What was counted before belongs to the state."""
    run = run_of(spoilt, tmp_path / "run", recipe(undecodable=1))
    for _ in range(2):
        with pytest.raises(TrainingError, match=r"2 samples did not decode and the recipe allows 1"):
            train(run, 1)
        assert steps == [0, 1]


@pytest.mark.parametrize("workers", [0, 2])
def test_within_the_budget_they_are_counted_once_and_listed(
    spoilt: Path, tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = recipe(undecodable=2, epochs=4, keep=[4])
    run = run_of(spoilt, tmp_path / "run", of, workers=workers)
    interrupt(run, 7, monkeypatch)
    train(run, 1)
    outcome = finished(tmp_path / "run")
    assert outcome is not None
    assert [entry["row"] for entry in outcome["undecodable"]] == list(BAD)
    assert all("no image format" in entry["reason"] for entry in outcome["undecodable"])
    other = run_of(spoilt, tmp_path / "other", of)
    train(other, 1)
    assert left(tmp_path / "run") == left(tmp_path / "other")


def test_the_state_folder_says_in_words_whose_it_is(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, tmp_path / "run", recipe())
    interrupt(run, 2, monkeypatch)
    assert read_json(tmp_path / "run" / SPEC) == json.loads(json.dumps(run.identity))


def test_another_seed_is_another_run_and_workers_are_not(mixture: Path, tmp_path: Path) -> None:
    found = []
    for seed, workers in ((1, 0), (1, 2), (2, 0)):
        folder = tmp_path / f"{seed}-{workers}"
        train(run_of(mixture, folder, recipe(), seed, workers, NEVER), 1)
        found.append((folder / HISTORY).read_bytes())
    assert found[0] == found[1] != found[2]
