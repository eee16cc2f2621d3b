"""The files of a study, read and laid over each other, with a note of which file set which key.

Later layers win: sources.yaml and costs.yaml, config.yaml, the section files, papers/*.yaml, the scale's file, the
command line. A scale file with `standalone: true` starts from the first two alone; one with `extends` is laid over the
files that it names, scales, parts that several scales share, or papers (`papers/talk`), and starts from where the first
of them does.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from datalines.config.bounds import Loader, check_depth, check_size
from datalines.config.errors import COMMAND_LINE, ConfigError, Loc, Problem, listing, suggestion

WORLD = tuple(Path("config", f"{name}.yaml") for name in ("sources", "evalsets", "published", "costs"))
"""Facts about the world, cards of sources and evaluation sets and speeds of machines, which hold for every study."""
SECTION_FILES = ("pools", "filters", "mixtures", "recipes", "shifts", "experiments", "concepts")
SCALE_FOLDERS = ("scales", "examples")
PART_FOLDERS = (*SCALE_FOLDERS, "parts")
STRING_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


class Layer(NamedTuple):
    """One file's content (or the command line's), and its name for messages."""

    source: str
    content: dict[str, Any]


class Merged(NamedTuple):
    """All layers as one mapping, and the source of every key in it."""

    content: dict[str, Any]
    origins: dict[Loc, str]


def merge_layers(root: Path, overrides: Mapping[str, Any]) -> Merged:
    """Read and merge all layers of the chosen scale. Raises `ConfigError` with every unreadable file."""
    problems = list(_stray_files(root))
    config = _read(root, root / "config" / "config.yaml", problems)
    given = Layer(COMMAND_LINE, _plain(overrides))
    scale = given.content.get("scale", config.content.get("scale"))
    scale_layers = _scale_layers(root, scale, problems)
    base = [_read(root, root / path, problems) for path in WORLD if (root / path).exists()]
    # Where a scale starts from, the first of the files that it extends decides.
    standalone = [layer.content.pop("standalone", False) for layer in scale_layers]
    if not standalone[0]:
        base += [config, *(_read(root, path, problems) for path in _base_files(root))]
    for layer in (*scale_layers, given):
        _refuse_secrets(layer.source, layer.content, (), problems)
    if problems:
        raise ConfigError(problems)
    merged: dict[str, Any] = {}
    origins: dict[Loc, str] = {(): scale_layers[-1].source}
    # Snakemake's dict repeats config.yaml; as a last layer those values would win over the scale's.
    given = Layer(COMMAND_LINE, _without(given.content, config.content))
    for layer in (*base, *scale_layers, given):
        _lay_over(merged, layer.content, layer.source, origins, ())
    merged["scale"] = scale
    return Merged(merged, origins)


def _base_files(root: Path) -> list[Path]:
    files = [root / "config" / f"{name}.yaml" for name in SECTION_FILES]
    return [path for path in files if path.exists()] + sorted((root / "config" / "papers").glob("*.yaml"))


def _stray_files(root: Path) -> Iterator[Problem]:
    """Files that nobody would read, such as config/pool.yaml or papers/qnq.yml, are mistakes."""
    known = [path.as_posix() for path in WORLD] + [f"config/{name}.yaml" for name in ("config", *SECTION_FILES)]
    for path in sorted((root / "config").glob("**/*.y*ml")):
        name = path.relative_to(root).as_posix()
        if path.suffix != ".yaml":
            yield Problem(name, "", f"is not read; call it {path.stem}.yaml")
        elif path.parent == root / "config" and name not in known:
            yield Problem(name, "", f"is not read{suggestion(name, known)}Known files: {listing(known)}")


def _scale_layers(root: Path, scale: object, problems: list[Problem], way: tuple[str, ...] = ()) -> list[Layer]:
    """The file of a scale, after those that it extends, in their order; `way` are the files that led to it."""
    path = _scale_file(root, scale, way[-1] if way else "")
    layer = _read(root, path, problems)
    if layer.source in way:
        text = f"leads back to itself: {' -> '.join([*way, layer.source])}; remove one"
        raise ConfigError([Problem(way[-1], "extends", text)])
    names = layer.content.pop("extends", None)
    if names is None:
        return [layer]
    if layer.content.pop("standalone", None) is not None:
        text = "stands beside `extends`, which says where the file starts from; remove one"
        problems.append(Problem(layer.source, "standalone", text))
    before: list[Layer] = []
    for name in names if isinstance(names, list) else [names]:
        before += _scale_layers(root, name, problems, (*way, layer.source))
    return [*before, layer]


def _scale_file(root: Path, scale: object, extended_by: str) -> Path:
    """The file of a scale, or of a part for the file `extended_by` that asks for it."""
    key, folders = ("extends", PART_FOLDERS) if extended_by else ("scale", SCALE_FOLDERS)
    found = {path.stem: path for folder in folders for path in sorted((root / "config" / folder).glob("*.yaml"))}
    if extended_by:
        found |= {f"papers/{path.stem}": path for path in sorted((root / "config" / "papers").glob("*.yaml"))}
    places = [path for folder in folders if (path := root / "config" / folder / f"{scale}.yaml").exists()]
    if len(places) > 1:
        names = " and ".join(path.relative_to(root).as_posix() for path in places[:2])
        raise ConfigError([Problem(extended_by, key, f"'{scale}' is the name of both {names}; rename one")])
    if isinstance(scale, str) and scale in found:
        return found[scale]
    text = f"'{scale}' is not a scale{suggestion(scale, found)}Known scales: {listing(found)}"
    if scale is None:
        place = "the name of a scale" if extended_by else "`scale: <scale>` in config/config.yaml"
        text = f"is missing; write {place}. Known scales: {listing(found)}"
    raise ConfigError([Problem(extended_by, key, text)])


def _read(root: Path, path: Path, problems: list[Problem]) -> Layer:
    """One YAML file; what is wrong with its text is added to `problems`."""
    source = path.relative_to(root).as_posix()
    loader = None
    try:
        text = path.read_text(encoding="utf-8")
        check_depth(text)
        loader = Loader(text)
        node = loader.get_single_node()
        content = None
        if node is not None:
            check_size(node)
            problems.extend(_bad_keys(source, node, set()))
            content = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(Problem(f"{source}, line {line}", "", f"is not YAML: {error.problem or error.context}"))
        return Layer(source, {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(Problem(source, "", f"cannot be read: {error}"))
        return Layer(source, {})
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(content, dict):
        what = "is empty" if content is None else f"is a {type(content).__name__}, not a mapping,"
        problems.append(Problem(source, "", f"{what} at top level; begin with a section, e.g. `pools:`"))
        return Layer(source, {})
    _refuse_secrets(source, content, (), problems)
    # A section whose entries are all commented out is an empty section.
    return Layer(source, {key: {} if value is None and key != "scale" else value for key, value in content.items()})


def _bad_keys(source: str, node: yaml.Node, seen: set[int]) -> Iterator[Problem]:
    """Keys written twice in one mapping (YAML keeps the last without a word), and keys that are not text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _bad_keys(source, item, seen)
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag not in STRING_TAGS:
            yield Problem(f"{source}, line {line}", "", f"the key {key.value} is not text; write it in quotes")
        elif key.value in first:
            text = f"'{key.value}' is written twice, first on line {first[key.value]}; keep one"
            yield Problem(f"{source}, line {line}", "", text)
        first.setdefault(str(key.value), line)
        yield from _bad_keys(source, value, seen)


def _refuse_secrets(source: str, value: object, loc: Loc, problems: list[Problem]) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_secrets(source, item, (*loc, index), problems)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "secrets":
            text = "secrets are never written into a configuration; set an environment variable and remove this key"
            problems.append(Problem(source, ".".join(map(str, (*loc, key))), text))
        _refuse_secrets(source, item, (*loc, key), problems)


def _plain(value: Any) -> Any:
    """Snakemake's nested mappings as plain dicts."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return copy.deepcopy(value)


def _without(layer: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """`layer` without the leaves that `known` states with the same value."""
    rest: dict[str, Any] = {}
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            value = _without(value, known[key])
            if value:
                rest[key] = value
        elif key not in known or known[key] != value:
            rest[key] = value
    return rest


def _lay_over(base: dict[str, Any], layer: dict[str, Any], source: str, origins: dict[Loc, str], loc: Loc) -> None:
    for key, value in layer.items():
        here = (*loc, key)
        old = base.get(key)
        if value is None and isinstance(old, dict):
            _forget(origins, here)
            del base[key]
            continue
        if isinstance(value, dict) and isinstance(old, dict) and not _replaces(old, value, loc):
            origins[here] = source
            _lay_over(old, value, source, origins, here)
            continue
        _forget(origins, here)
        origins[here] = source
        base[key] = {} if isinstance(value, dict) else copy.deepcopy(value)
        if isinstance(value, dict):
            _lay_over(base[key], value, source, origins, here)


def _forget(origins: dict[Loc, str], loc: Loc) -> None:
    """Where `loc` and what is in it were set no longer counts. What is in it is never known where `loc` is not."""
    if loc not in origins:
        return
    for inner in [known for known in origins if known[: len(loc)] == loc]:
        del origins[inner]


def _replaces(old: dict[str, Any], new: dict[str, Any], loc: Loc) -> bool:
    """Whether `new` replaces `old` as a whole: another kind, a card in place of an own declaration, or shares of a
    domain, which must sum to 1 together."""
    other_kind = "kind" in new and "kind" in old and new["kind"] != old["kind"]
    return other_kind or ("card" in new and "card" not in old) or loc[-1:] == ("domain",)
