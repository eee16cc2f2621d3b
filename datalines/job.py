"""Binds a script's typed `main()` to a Snakemake job or to the command line: arguments, logging, error texts, receipt.

Only this module knows of the `snakemake` object, of `sys.argv` and of logging set-up.
"""

import argparse
import inspect
import json
import logging
import sys
import time
import traceback
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datalines.errors import NO_SPACE, DatalinesError
from datalines.receipts import write_receipt

log = logging.getLogger("datalines")


def run(main: Callable[..., None]) -> None:
    """Call `main` with the job's named inputs, outputs, params, wildcards, threads, config and whole-number resources,
    or with command-line flags."""
    job = main.__globals__.get("snakemake")
    if job is None:
        start_logging(None, Path(sys.argv[0]).stem)
        arguments = _from_command_line(main)
    else:
        log_file = Path(job.log[0]) if job.log else None
        start_logging(log_file, " ".join([job.rule, *map(str, job.wildcards)]))
        arguments = bind(main, available(job))
    started = time.time()
    try:
        main(**arguments)
    except Exception as error:
        _fail(error)
    if job is not None and job.log:
        write_receipt(job, Path(job.log[0]), started, time.time())


def available(job: Any) -> dict[str, Any]:
    """Everything that a job can hand to `main`, by name. A name that stands in two places is an error of the rule."""
    resources = {name: value for name, value in job.resources.items() if isinstance(value, int)}
    values: dict[str, Any] = {"threads": job.threads, "config": job.config, "resources": resources}
    for group in (job.input, job.output, job.params, job.wildcards):
        for name, value in group.items():
            if name in values:
                raise TypeError(
                    f"rule {job.rule}: the name {name!r} is used twice among inputs, outputs, params and wildcards"
                )
            values[name] = value
    return values


def bind(main: Callable[..., None], values: dict[str, Any]) -> dict[str, Any]:
    """Select and convert the arguments of `main` from `values`; a missing one without a default is a TypeError."""
    hints = typing.get_type_hints(main)
    arguments = {}
    for name, parameter in inspect.signature(main).parameters.items():
        if name in values:
            arguments[name] = convert(values[name], hints[name])
        elif parameter.default is inspect.Parameter.empty:
            script = main.__globals__.get("__file__", "script")
            raise TypeError(f"{script}: the rule gives no {name!r}; it gives {', '.join(sorted(values))}")
    return arguments


def convert(value: Any, kind: Any) -> Any:
    """Turn what Snakemake or the command line holds into the annotated type (Path, list of Path, int, plain data)."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if value is None or value == "" else convert(value, inner[0])
    if origin is list:
        (inner_kind,) = typing.get_args(kind)
        sequence = [value] if isinstance(value, str) else list(value)
        return [convert(entry, inner_kind) for entry in sequence]
    if kind in (int, float, str) and value is not None:
        return kind(value)
    return Path(value) if kind is Path else value


def _from_command_line(main: Callable[..., None]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules[main.__module__]))
    hints = typing.get_type_hints(main)
    for name, parameter in inspect.signature(main).parameters.items():
        listed = typing.get_origin(hints[name]) is list
        required = parameter.default is inspect.Parameter.empty
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            nargs="*" if listed else None,
            required=required,
            default=argparse.SUPPRESS,
        )
    arguments = {}
    for name, value in vars(parser.parse_args()).items():
        try:
            arguments[name] = _from_text(value, hints[name])
        except ValueError as error:
            parser.error(f"argument --{name.replace('_', '-')}: {error}")
    return arguments


def _from_text(value: Any, kind: Any) -> Any:
    """Like `convert`, with plain data (dict, bool, Any) written as JSON."""
    origin = typing.get_origin(kind) or kind
    if origin in (types.UnionType, typing.Union):
        (inner,) = (option for option in typing.get_args(kind) if option is not type(None))
        return None if value == "" else _from_text(value, inner)
    if origin in (dict, bool, Any):
        return json.loads(value)
    if origin is list:
        return [_from_text(entry, typing.get_args(kind)[0]) for entry in value]
    return convert(value, kind)


def start_logging(log_file: Path | None, name: str) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter(f"[%(asctime)s] {name}: %(message)s", datefmt="%H:%M:%S"))
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log_file, mode="w", encoding="utf-8"))
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # Other libraries speak up only when something is wrong: a font library tells of every glyph at level INFO.
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    log.setLevel(logging.INFO)
    logging.getLogger("__main__").setLevel(logging.INFO)
    logging.captureWarnings(True)


def _fail(error: Exception) -> None:
    """End the job. An error that the user can act on is a sentence; any other leaves its traceback too."""
    if isinstance(error, DatalinesError):
        log.error("%s", error)
    elif isinstance(error, OSError) and error.errno in NO_SPACE:
        place = f" of {error.filename}" if error.filename else ""
        log.error("no space is left on the disk%s; free some and run the same command, which goes on from there", place)
    else:
        log.error("unexpected %s: %s", type(error).__name__, error)
        files = [handler for handler in logging.getLogger().handlers if isinstance(handler, logging.FileHandler)]
        streams: list[Any] = [handler.stream for handler in files]
        for stream in streams or [sys.stderr]:
            stream.write(traceback.format_exc())
            stream.flush()
    sys.exit(1)
