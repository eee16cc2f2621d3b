"""The interpreter, and the packages that are installed against the locks they should come from."""

import importlib.metadata
import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from datalines.doctor.line import Asked, Line, State, listed


def python(asked: Asked) -> Line:
    """The version against those that the locks were made for, and whether this is an environment of its own."""
    setup = _setup(asked.checkout)
    version, own = platform.python_version(), sys.prefix != sys.base_prefix
    place = f"{version} in {sys.prefix}" if own else f"{version} of the machine, in no environment of its own"
    first, last = (".".join(map(str, bound)) for bound in (setup.OLDEST, setup.NEWEST_TRIED))
    if sys.version_info[:2] < setup.OLDEST:
        return Line(
            "python", State.BROKEN, place, f"The locks are for Python {first} to {last}: make PYTHON=python{last}"
        )
    if sys.version_info[:2] > setup.NEWEST_TRIED:
        return Line("python", State.LOOK, place, f"The locks were tried with Python {first} to {last}.")
    return Line("python", State.OK, place)


def packages(asked: Asked) -> Line:
    """Every package of the installed layers against its lock."""
    setup = _setup(asked.checkout)
    stamps = sorted(Path(sys.prefix).glob("setup-*.stamp"))
    layers = [path.stem.removeprefix("setup-") for path in stamps] or ["demo"]
    known = [layer for layer in layers if (asked.checkout / "envs" / f"{layer}.lock").is_file()]
    wanted: dict[str, str] = {}
    for layer in known:
        wanted |= pinned((asked.checkout / "envs" / f"{layer}.lock").read_text(encoding="utf-8"))
    installed = {
        str(canonicalize_name(found.metadata["Name"])): found.version for found in importlib.metadata.distributions()
    }
    missing = sorted(set(wanted) - set(installed))
    drifted = [
        f"{name} {installed[name]} (lock: {version})"
        for name, version in sorted(wanted.items())
        if installed.get(name, version) != version
    ]
    remedy = f"`make setup` repairs .venv; elsewhere install envs/{known[-1] if known else 'demo'}.lock anew."
    if missing:
        return Line("packages", State.BROKEN, f"{len(missing)} of {len(wanted)} missing: {listed(missing)}", remedy)
    if drifted:
        text = f"{len(drifted)} of {len(wanted)} differ from the lock: {listed(drifted)}"
        return Line("packages", State.LOOK, text, f"Numbers may move with versions. {remedy}")
    made = f"{len(wanted)} as locked, layers {', '.join(known)}"
    if not stamps:
        return Line("packages", State.OK, f"{made}; not installed by `make setup`")
    if changed := [layer for layer in known if layer in setup.missing_layers(Path(sys.prefix), layer)]:
        text = f"{made}, but the locks of {', '.join(changed)} changed since"
        return Line("packages", State.LOOK, text, "`make setup` brings the environment up to them.")
    return Line("packages", State.OK, made)


def pinned(lock: str) -> dict[str, str]:
    """Name -> version of a lock's text, as far as its markers hold for this interpreter and platform."""
    found: dict[str, str] = {}
    for line in lock.replace("\\\n", " ").splitlines():
        text = line.split(" --hash")[0].split(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


def _setup(checkout: Path) -> ModuleType:
    """envs/setup.py, which lies outside of the packages because it makes the environment that they need."""
    spec = importlib.util.spec_from_file_location("datalines_envs_setup", checkout / "envs" / "setup.py")
    assert spec is not None and spec.loader is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
