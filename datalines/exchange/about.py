"""What no receipt knows and people have to say: who ran the study, which paper it is for, under which licence it goes
out. A small YAML file."""

import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, Field, ValidationError

from datalines.config.base import Spec, Text
from datalines.exchange.errors import ExchangeError

ORCID = re.compile(r"(\d{4}-){3}\d{3}[\dX]")


def _orcid(text: str) -> str:
    """The plain identifier, whose last digit is computed from the others (ISO 7064, MOD 11-2)."""
    if not ORCID.fullmatch(text):
        raise ValueError(f"is {text!r}; write the plain identifier, as 0000-0002-1825-0097")
    digits = text.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    if "0123456789X"[(12 - total % 11) % 11] != digits[-1]:
        raise ValueError(f"is {text!r}, whose last digit does not fit the others; look for a typing error")
    return text


class Person(Spec):
    """Somebody with a name, and an ORCID where there is one."""

    name: Text = Field(description="Full name.")
    ORCID: Annotated[str, AfterValidator(_orcid)] | None = Field(default=None, description="Plain identifier.")


class Article(Spec):
    """The article whose tables and figures the study makes."""

    title: Text = Field(description="Title.")
    authors: list[Person] = Field(min_length=1, description="Authors in order.")
    reference: Text | None = Field(default=None, description="DOI as a URL, or the article's page.")


class About(Spec):
    """Everything is optional; what is left out stays out of the export, which says so."""

    agent: Person | None = Field(default=None, description="Who ran the study.")
    paper: Article | None = Field(default=None, description="The article.")
    licence: Text | None = Field(default=None, description="Licence of what is exported, a URL where it has one.")
    repository: Text | None = Field(default=None, description="Address of the repository with the workflow.")


def read_about(path: Path | None) -> About:
    """Read the file; an empty `About` without one. Raises ExchangeError that names the key that is wrong."""
    if path is None:
        return About()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError(f"--about {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from None
    except yaml.YAMLError as error:
        raise ExchangeError(f"--about {path} is not YAML: {error}") from None
    try:
        return About.model_validate({} if content is None else content)
    except ValidationError as error:
        found = error.errors()[0]
        key = ".".join(map(str, found["loc"])) or "the file"
        known = ", ".join(About.model_fields)
        hint = f"; known keys are {known}" if found["type"] == "extra_forbidden" and len(found["loc"]) == 1 else ""
        raise ExchangeError(f"--about {path}: {key}: {found['msg'].removeprefix('Value error, ')}{hint}") from None
