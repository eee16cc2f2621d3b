"""Archives that pools and shifts name by their address: which key says so, and what is published of the file."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from datalines.config.base import Paths, Positive, Sha256, Spec
from datalines.config.errors import ConfigError, Problem
from datalines.fetch.secrets import secret_in

Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class FileFacts(Spec):
    """What is published of a file; all that is given is checked when the file is obtained."""

    bytes: Positive | None = Field(default=None, description="Size of the file; null where nobody states it.")
    sha256: Sha256 | None = Field(default=None, description="Sha256 of the file; null where nobody states it.")
    md5: Md5 | None = Field(
        default=None, description="Md5 of the file. Alone, it finds damage, and no file that was forged to have it."
    )


class Downloadable(Spec):
    """Keys of what is read from one archive, which may be named by its address."""

    path: Paths
    download: FileFacts | None = Field(
        default=None, description="What is published of the file that `path` names by its address."
    )

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        paths = [self.path] if isinstance(self.path, str) else self.path
        if any(is_address(path) for path in paths[:-1]):
            raise ValueError("path names an address before its end; what an address names can be had: write it last")
        if self.download is not None and not is_address(paths[-1]):
            raise ValueError("download describes the file of an address, and path ends with none; remove it")
        return self


def is_address(path: str) -> bool:
    """Whether a file is named by its address on the web and not by a path."""
    return path.startswith(("https://", "http://"))


def archive_downloads(spec: object, key: str) -> list[dict[str, Any]]:
    """What has to be obtained of a pool or shift that is read from one archive: nothing, or one `wanted` file."""
    if not isinstance(spec, Downloadable):
        return []
    last = spec.path if isinstance(spec.path, str) else spec.path[-1]
    return [wanted(last, spec.download or FileFacts(), key)] if is_address(last) else []


def wanted(url: str, facts: FileFacts, key: str) -> dict[str, Any]:
    """{url, bytes, sha256, key} of a file, and its `md5` where one is stated; `key` names who asks for it."""
    md5 = {} if facts.md5 is None else {"md5": facts.md5}
    return {"url": url, "bytes": facts.bytes, "sha256": facts.sha256, "key": key, **md5}


def add_wanted(found: dict[str, dict[str, Any]], more: dict[str, Any]) -> None:
    """Add a `wanted` file to those found by address; what one declaration leaves open, another may state.

    Raises ConfigError if two declarations of one file contradict each other, or an address holds what grants access:
    it would stand in receipts and reports.
    """
    secret = secret_in(more["url"])
    if secret:
        text = (
            f"holds {secret}; write the address without it, and put the file into a folder that $DATALINES_MIRROR names"
        )
        raise ConfigError([Problem("", more["key"], text)])
    known = found.setdefault(more["url"], more)
    for name in ("bytes", "sha256", "md5"):
        stated, other = known.get(name), more.get(name)
        if stated is not None and other is not None and stated != other:
            text = f"says that {more['url']} has {name} {other}, and {known['key']} says {stated}; correct one"
            raise ConfigError([Problem("", more["key"], text)])
        if stated is None and other is not None:
            known[name] = other
