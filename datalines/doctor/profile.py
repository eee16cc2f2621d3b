"""What a profile of Snakemake asks of the machine: executor, GPUs, partitions of the cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from datalines.errors import DatalinesError

NAMES = ("config.v9+.yaml", "config.v8+.yaml", "config.yaml")


class ProfileError(DatalinesError):
    """A profile that is not there or cannot be read."""


def settings(profile: Path) -> dict[str, Any]:
    """The profile's file as plain data. Raises ProfileError, naming file and remedy."""
    path = next((profile / name for name in NAMES if (profile / name).is_file()), None)
    if path is None:
        raise ProfileError(f"there is no profile {profile}; write profiles/local, or a folder with a config.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(f"{path} cannot be read: {error}; correct it") from error
    return content if isinstance(content, dict) else {}


def executor(profile: Path) -> str:
    """The executor that starts the jobs: `local` where none is named."""
    return str(settings(profile).get("executor", "local"))


def gpus_asked(profile: Path) -> bool:
    """Whether any rule is given a GPU."""
    return any(name == "gpu" and value not in (0, "0") for name, value in _resources(profile))


def partitions(profile: Path) -> list[str]:
    """The partitions of Slurm that jobs are sent to; none where the cluster's default is taken. What is computed for
    each job is left out."""
    named = {str(value).strip("'\"") for name, value in _resources(profile) if name == "slurm_partition"}
    return sorted(
        part for text in named for part in text.split(",") if part.replace("-", "").replace("_", "").isalnum()
    )


def _resources(profile: Path) -> Iterator[tuple[str, Any]]:
    """(resource, value) of the defaults and of all rules; a list of `name=value` is read, too."""
    content = settings(profile)
    groups = [content.get("default-resources"), *_values(content.get("set-resources"))]
    for group in groups:
        if isinstance(group, dict):
            yield from group.items()
        elif isinstance(group, (list, str)):
            for entry in [group] if isinstance(group, str) else group:
                name, _, value = str(entry).rpartition(":")[2].partition("=")
                yield name, value


def _values(group: Any) -> list[Any]:
    return list(group.values()) if isinstance(group, dict) else [group]
