"""Initial weights: what is loaded from which file, and which files are refused."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip.model import CLIP, CustomTextCLIP
from safetensors.torch import load_file, save_file

from datalines.carried import CARRIED
from datalines.errors import TrainingError
from datalines.files import sha256_file
from datalines.objectives import Objective, build
from datalines.objectives.towers import tower_of
from datalines.training.weights import save_weights
from tests.unit.tiny_objectives import changed, copied, spend
from tests.unit.tiny_runs import SPEC, objective, recipe, supervised


def trained(folder: Path, of: dict[str, Any], name: str = "epoch-003.safetensors") -> Path:
    """Weights that a run of this recipe kept, with batch-norm statistics of its own."""
    other = objective(of, seed=7)
    spend(other)
    save_weights(folder / name, other.model, of)
    return folder / name


def started(of: dict[str, Any], **files: Path) -> Objective:
    """The recipe's objective with these parts from files, everything else from seed 0."""
    torch.manual_seed(0)
    return build({**of, "initial": {part: {"sha256": sha256_file(path)} for part, path in files.items()}}, files)


def refusal(of: dict[str, Any], **files: Path) -> str:
    """What is said of a file that is not taken."""
    with pytest.raises(TrainingError) as caught:
        started(of, **files)
    return str(caught.value)


def differing(of: Objective, plain: dict[str, Any]) -> set[str]:
    """Names of the tensors that are not those of the random start."""
    return changed(of.model, copied(objective(plain).model))


def in_tower(of: Objective, tower: str) -> set[str]:
    """Names of all tensors of a tower."""
    return {name for name in of.model.state_dict() if tower_of(name) == tower}


def equal_to(of: Objective, path: Path, names: set[str]) -> bool:
    """Whether these tensors are those of a file."""
    content, own = load_file(path), of.model.state_dict()
    return all(torch.equal(own[name], content[name]) for name in names)


@pytest.mark.parametrize("tower", ["image", "text"])
def test_one_tower_is_loaded_and_the_rest_is_the_random_start(tower: str, tmp_path: Path) -> None:
    path = trained(tmp_path, recipe())
    ours = started(recipe(), **{tower: path})
    names = in_tower(ours, tower)
    assert equal_to(ours, path, names)
    assert any("running_var" in name for name in names) is (tower == "image")
    assert differing(ours, recipe()) == names


def test_a_whole_model_is_loaded_with_its_temperature_or_head(tmp_path: Path) -> None:
    for of in (recipe(), supervised(), supervised(head="prototype")):
        path = trained(tmp_path, of)
        ours = started(of, model=path)
        assert equal_to(ours, path, set(ours.model.state_dict()))
        assert differing(ours, of) == set(ours.model.state_dict())


@pytest.mark.parametrize(("source", "target"), [(recipe, supervised), (supervised, recipe)])
def test_the_image_tower_moves_between_objectives(source: Any, target: Any, tmp_path: Path) -> None:
    path = trained(tmp_path, source())
    ours = started(target(), image=path)
    assert differing(ours, target()) == in_tower(ours, "image")
    assert equal_to(ours, path, in_tower(ours, "image"))


def test_locked_image_tuning_keeps_the_given_image_tower(tmp_path: Path) -> None:
    path = trained(tmp_path, supervised())
    ours = started(recipe(frozen=["image"]), image=path)
    before = copied(ours.model)
    losses = spend(ours, seeds=[0] * 20)
    assert equal_to(ours, path, in_tower(ours, "image"))
    assert changed(ours.model, before) == set(before) - in_tower(ours, "image")
    assert losses[-1] < 0.7 * losses[0]


def test_the_random_start_of_the_rest_does_not_depend_on_what_is_loaded(tmp_path: Path) -> None:
    ours = started(recipe(), image=trained(tmp_path, recipe()), text=trained(tmp_path, recipe(), "other.safetensors"))
    assert differing(ours, recipe()) == in_tower(ours, "image") | in_tower(ours, "text")
    assert started(recipe()).model.logit_scale == ours.model.logit_scale


def theirs(kind: type[torch.nn.Module] = CLIP) -> dict[str, torch.Tensor]:
    """The state of one of open_clip's models of the tiny spec."""
    torch.manual_seed(3)
    return kind(**copy.deepcopy(SPEC)).state_dict()


def test_open_clips_own_states_are_read(tmp_path: Path) -> None:
    state = theirs()
    plain, checkpoint, custom = tmp_path / "a.safetensors", tmp_path / "epoch_3.pt", tmp_path / "c.safetensors"
    save_file(state, plain)
    wrapped = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 3, "state_dict": wrapped, "optimizer": {"state": {}, "param_groups": []}}, checkpoint)
    prefixed = theirs(CustomTextCLIP)
    assert any(name.startswith("text.") for name in prefixed)
    save_file({**prefixed, "logit_scale": prefixed["logit_scale"].reshape(1)}, custom)
    for path in (plain, checkpoint, custom):
        for part in ("model", "image", "text"):
            ours = started(recipe(), **{part: path})
            loaded = set(state) if part == "model" else in_tower(ours, part)
            own = ours.model.state_dict()
            assert all(torch.equal(own[name], state[name]) for name in loaded)
        assert equal_to(started(supervised(), image=path), plain, in_tower(started(supervised()), "image"))


def test_our_weights_are_open_clips(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe())
    model = CLIP(**copy.deepcopy(SPEC))
    open_clip.load_checkpoint(model, str(path))
    assert torch.equal(model.token_embedding.weight, load_file(path)["token_embedding.weight"])


def test_a_missing_file_and_an_altered_one_are_refused(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe())
    wanted = sha256_file(path)
    content = load_file(path)
    save_weights(path, objective(recipe(), seed=8).model, recipe())
    of = recipe(initial={"image": {"sha256": wanted}})
    with pytest.raises(TrainingError, match=re.escape(str(path))) as caught:
        build(of, {"image": path})
    assert wanted in str(caught.value) and sha256_file(path) in str(caught.value) and content
    path.unlink()
    with pytest.raises(TrainingError, match=f"initial.image: {re.escape(str(path))} is missing.*never downloaded"):
        build(of, {"image": path})


def test_a_part_without_a_file_and_a_file_without_a_part_are_refused(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe())
    of = recipe(initial={"image": {"sha256": sha256_file(path)}})
    for files in ({}, {"text": path}):
        with pytest.raises(TrainingError, match=r"initial weights are \['image'\]"):
            build(of, files)


def test_another_network_is_refused_even_where_its_shapes_agree(tmp_path: Path) -> None:
    heads = copy.deepcopy(SPEC)
    heads["text_cfg"]["heads"] = 4
    path = trained(tmp_path, recipe(model_spec=heads))
    text = refusal(recipe(), text=path)
    assert str(path) in text and "text_cfg.heads is 4 there and 2 here" in text
    assert differing(started(recipe(), image=path), recipe())
    wider = copy.deepcopy(SPEC)
    wider["vision_cfg"]["timm_model_name"] = "datalines_convnet_w32"
    text = refusal(supervised(), image=trained(tmp_path, recipe(model_spec=wider)))
    assert "timm_model_name is datalines_convnet_w32 there and datalines_convnet_w16 here" in text


def test_settings_without_effect_may_differ(tmp_path: Path) -> None:
    larger = copy.deepcopy(SPEC)
    larger["vision_cfg"] |= {"image_size": 24, "timm_drop": 0.0}
    path = trained(tmp_path, recipe())
    assert differing(started(recipe(model_spec=larger), model=path), recipe(model_spec=larger))


def test_a_head_over_other_classes_is_refused(tmp_path: Path) -> None:
    path = trained(tmp_path, supervised())
    turned = {**supervised(), "class_names": ["dog", "cat", "fish"]}
    text = refusal(turned, model=path)
    assert "classes is ['cat', 'dog', 'fish'] there and ['dog', 'cat', 'fish'] here" in text
    assert differing(started(turned, image=path), turned)


def test_names_and_shapes_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    state = theirs()
    state["visual.trunk.extra"] = torch.zeros(1)
    gone = state.pop("visual.head.proj.weight")
    state["visual.trunk.body.0.weight"] = torch.zeros(2, 3, 3, 3)
    path = tmp_path / "theirs.safetensors"
    save_file(state, path)
    text = refusal(supervised(), image=path)
    assert str(path) in text and gone.shape == (16, 128)
    assert "missing: visual.head.proj.weight;" in text
    assert "unexpected: visual.trunk.extra;" in text
    assert "of another shape: visual.trunk.body.0.weight (2, 3, 3, 3) instead of (16, 3, 3, 3)." in text
    assert differing(started(recipe(), text=path), recipe())


def test_a_text_tower_of_another_make_is_not_loaded_in_part(tmp_path: Path) -> None:
    path = tmp_path / "custom.safetensors"
    save_file({**theirs(CustomTextCLIP), "text.cls_emb": torch.zeros(16)}, path)
    assert "unexpected: cls_emb." in refusal(recipe(), text=path)


def test_parts_that_are_not_there_are_refused(tmp_path: Path) -> None:
    contrastive, labels = trained(tmp_path, recipe(), "clip.safetensors"), trained(tmp_path, supervised())
    assert "has no text tower; remove `text`" in refusal(supervised(), text=contrastive)
    text = refusal(supervised(), model=contrastive)
    assert "trained with objective clip, and the recipe's is supervised; name it as `image`" in text
    plain = tmp_path / "plain.safetensors"
    save_file(load_file(labels), plain)
    text = refusal(recipe(), text=plain)
    assert "missing: ln_final.bias, ln_final.weight, positional_embedding," in text and "more" in text
    save_file(load_file(contrastive), plain)
    text = refusal(supervised(), model=plain)
    assert "missing: head.bias, head.weight;" in text and "unexpected: ln_final.bias" in text


@pytest.mark.parametrize("name", ["junk.safetensors", "junk.pt"])
def test_a_file_that_holds_no_weights_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x08" * 64)
    assert str(tmp_path / name) in refusal(recipe(), model=tmp_path / name)
    state = tmp_path / "state.pt"
    torch.save({"model": theirs(), "step": 3}, state)
    assert "take the weights of a kept epoch" in refusal(recipe(), model=state)


def test_a_file_of_this_project_says_what_it_holds(tmp_path: Path) -> None:
    path = trained(tmp_path, recipe())
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")])
    assert json.loads(header["__metadata__"][CARRIED])["model_spec"] == SPEC
