"""The testbed's settings: defaults, bounds, and an import that stays light."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from datalines.testbed.domain import CLASSES, Domain


def test_defaults_are_valid_and_described() -> None:
    assert Domain() == Domain.model_validate(Domain().model_dump())
    assert all(field.description for field in Domain.model_fields.values())
    assert len(set(CLASSES)) == len(CLASSES) >= 18


def test_domain_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Domain().blur = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"styles": {"photo": 0.5}}, "sum to 1"),
        ({"styles": {"photo": 1.5, "sketch": -0.5}}, "must not be negative"),
        ({"styles": {"engraving": 1.0}}, "photo"),
        ({"scenes": {"moon": 1.0}}, "grass"),
        ({"wordings": {"poem": 1.0}}, "title"),
        ({"classes": ["apple", "unicorn"]}, "unicorn"),
        ({"classes": ["apple", "apple"]}, "twice"),
        ({"class_skew": 3}, "less than or equal to 2"),
        ({"rotation": [30, -30]}, "smaller number first"),
        ({"rotation": [-200, 0]}, "-180"),
        ({"scale": [0.1, 0.5]}, "0.2"),
        ({"size": [8, 32]}, "16"),
        ({"size": [32, 512]}, "128"),
        ({"aspect": [0.1, 1.0]}, "0.4"),
        ({"jpeg_quality": 10}, "30"),
        ({"class_missing": 1.2}, "1"),
        ({"brightness": 1}, "Extra inputs"),
    ],
)
def test_bounds(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Domain.model_validate(settings)


def test_importing_the_settings_loads_no_array_library() -> None:
    code = "import sys, datalines.testbed.domain; sys.exit('numpy' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
