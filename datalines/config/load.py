"""From files and Snakemake's config dict to a checked `Study`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from datalines.config import translate
from datalines.config.assets import read_class_lists, read_class_texts, read_models, read_prompts
from datalines.config.counts import check_counts
from datalines.config.datachecks import check_data
from datalines.config.errors import Findings, Loc
from datalines.config.evalsets import read_mappings, with_cards
from datalines.config.layers import merge_layers
from datalines.config.published import check_transcribed
from datalines.config.references import Checker
from datalines.config.scale import StudyInfo
from datalines.config.study import Study


def load_study(root: Path, overrides: Mapping[str, Any]) -> Study:
    """The study of the scale that `overrides` (or config/config.yaml) names: all layers merged, everything checked.

    `root` is the folder that holds config/; `overrides` is Snakemake's config dict or any mapping like it, such as
    {"scale": "demo"}. Raises `ConfigError` with everything that is wrong. Paths of pools and shifts are not looked at:
    `Study.check_paths` does that, so that tables can be made from records where the data are not.
    """
    merged = with_cards(merge_layers(root, overrides))
    found = Findings(merged.origins)
    study = _validate(merged.content, found)
    class_names = read_class_lists(study, root, found)
    study.attach(merged.origins, class_names, read_models(study, root, found))
    study.attach_texts(read_class_texts(study, class_names, found), read_prompts(study, found))
    study.attach_mappings(read_mappings(study, class_names, root, found))
    names = {section: _entries(merged.content, section) for section in Study.model_fields}
    Checker(study, names, class_names, root, found).check()
    check_data(study, names, found)
    check_counts(study, found)
    check_transcribed(study.published, root, found)
    found.stop()
    return study


def _entries(content: dict[str, Any], section: str) -> list[str]:
    entries = content.get(section)
    return [str(name) for name in entries] if isinstance(entries, dict) else []


def _validate(content: dict[str, Any], found: Findings) -> Study:
    """The study; entries that are wrong in themselves are reported and left out, so that the others are checked too."""
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        broken = translate.report(error, Study, found)
    sound: dict[str, Any] = {}
    for section, entries in content.items():
        if section in Study.model_fields and (section,) not in broken:
            kept = isinstance(entries, dict) and section != "study"
            sound[section] = {k: v for k, v in entries.items() if (section, k) not in broken} if kept else entries
    if _is_broken("study", broken):
        sound["study"] = StudyInfo.model_construct(title="", targets=[])
    if _is_broken("scale", broken):
        sound["scale"] = "unknown"
    return Study.model_validate(sound)


def _is_broken(section: str, broken: set[Loc]) -> bool:
    return any(loc[0] == section for loc in broken)
