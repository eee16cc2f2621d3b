"""The optional back end: img2dataset, run in an environment of its own, fetches what `crawl` would fetch.

It is told to store the bytes as they came, so that all work on images is this project's own. What it cannot do: limits
for single hosts, waits before a second try and after a 429, a bound on the size of an answer that does not announce it,
the final URL after redirects. A URL that failed was asked for 1 + retries times; for one that was obtained the number
is unknown, and 1 is given. Times are those of the whole run.
"""

import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import FetchError
from datalines.fetch.answers import MIRROR, NETWORK, OK, Answer
from datalines.fetch.img2dataset_run import SETTINGS
from datalines.fetch.img2dataset_texts import code_of, status_of
from datalines.fetch.mirror import mirrored
from datalines.fetch.policy import Policy, policy_of
from datalines.fetch.statuses import CONNECTION_LOST, EMPTY_BODY, TOO_LARGE
from datalines.tarentries import Entry, entries

VARIABLE = "DATALINES_IMG2DATASET"
CHECKOUT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("img2dataset_run.py")
HEADER = "X-Robots-Tag"
SHARD = 1000
POLL_SECONDS = 0.2
LOG_LINES = 15
ASKED = pa.schema({"number": pa.int64(), "url": pa.string()})


class BackendError(FetchError):
    """img2dataset is not there, or did not do its work."""


def outcomes(spec: dict[str, Any], urls: Iterable[str], folder: Path) -> Iterator[Answer]:
    """Fetch canonical URLs by img2dataset; each is answered once, in order of completion, as `crawl` would answer.

    `spec` is that of the pool; `folder` must not exist, and is left behind with img2dataset's log. Memory is bounded by
    one image and the records of 1,000 URLs; on disk lie the images that were fetched and not yet handed over. Raises
    BackendError if img2dataset is missing or fails.
    """
    policy = policy_of(spec["fetch"])
    if policy.opt_out_tokens and policy.opt_out_header.lower() != HEADER.lower():
        raise BackendError(
            f"fetch.opt_out.header is {policy.opt_out_header}, and img2dataset reads {HEADER} only; "
            "write fetch.backend: datalines"
        )
    python = interpreter()
    folder.mkdir(parents=True)
    with pq.ParquetWriter(folder / "asked.parquet", ASKED) as writer:
        pending: list[str] = []
        for url in urls:
            path = mirrored(url)
            if path is not None:
                yield from_mirror(url, path, policy)
                continue
            pending.append(url)
            if len(pending) == SHARD:
                _write(writer, pending)
        _write(writer, pending)
    with pq.ParquetFile(folder / "asked.parquet") as asked:
        if asked.metadata.num_rows:
            yield from _fetched(python, policy, asked, folder)


def interpreter() -> Path:
    """The Python of img2dataset's environment. Raises BackendError with the command that makes the environment."""
    named = os.environ.get(VARIABLE, "")
    python = Path(named) if named else CHECKOUT / ".venv-img2dataset" / "bin" / "python"
    if python.is_file():
        return python
    raise BackendError(
        f"fetch.backend is img2dataset, and {python}, the Python of its environment, does not exist. Make it in the "
        "checkout with `python3 envs/setup.py img2dataset --venv .venv-img2dataset`, or name the Python of another "
        f"environment in ${VARIABLE}, or write fetch.backend: datalines"
    )


def settings(policy: Policy, folder: Path) -> dict[str, Any]:
    """What img2dataset_run.py is told: the policy, and the arguments of img2dataset's `download`."""
    processes = len(os.sched_getaffinity(0))
    return {
        "user_agent": policy.user_agent,
        "removed": policy.removed,
        "allow_private": policy.allow_private,
        "max_bytes": policy.max_bytes,
        "max_redirects": policy.max_redirects,
        "download": {
            "url_list": str(folder / "asked.parquet"),
            "input_format": "parquet",
            "url_col": "url",
            "save_additional_columns": ["number"],
            "output_folder": str(folder / "shards"),
            "output_format": "webdataset",
            "number_sample_per_shard": SHARD,
            "processes_count": processes,
            "thread_count": max(1, policy.concurrency // processes),
            "timeout": max(policy.connect, policy.read),
            "retries": policy.http_tries - 1,
            "disable_all_reencoding": True,
            "extract_exif": False,
            "compute_hash": None,
            "user_agent_token": policy.user_agent.split("/")[0].split()[0],
            "disallowed_header_directives": sorted(policy.opt_out_tokens),
        },
    }


def from_mirror(url: str, path: Path, policy: Policy) -> Answer:
    """The answer for a URL whose file lies in the mirror."""
    size = path.stat().st_size
    body = path.read_bytes() if size <= policy.max_bytes else b""
    status, message = judge(size, policy)
    return Answer(url, status, message, 0, time.time(), 0.0, url, 0, MIRROR, "", body)


def judge(size: int, policy: Policy) -> tuple[str, str]:
    """Status and message of an image file of `size` bytes."""
    if size > policy.max_bytes:
        return TOO_LARGE, f"{size} bytes, more than {policy.max_bytes}"
    return (OK if size else EMPTY_BODY), ""


def _write(writer: pq.ParquetWriter, pending: list[str]) -> None:
    """One row group, which is what img2dataset makes one shard of; empties `pending`."""
    if pending:
        writer.write_table(pa.table({"number": list(range(len(pending))), "url": pending}, schema=ASKED))
        pending.clear()


def _fetched(python: Path, policy: Policy, asked: pq.ParquetFile, folder: Path) -> Iterator[Answer]:
    shards, started = folder / "shards", time.time()
    left = set(range(asked.metadata.num_row_groups))
    with _running(python, policy, folder) as process:
        while left:
            ended = process.poll() is not None
            ready = sorted(number for number in left if (shards / f"{number:05d}_stats.json").exists())
            for number in ready:
                yield from read_shard(asked, number, shards, policy, started)
                left.remove(number)
            if ended and not ready and left:
                raise BackendError(
                    f"img2dataset ended (exit status {process.returncode}) with {len(left)} of "
                    f"{asked.metadata.num_row_groups} shards missing. Its last words (all are in {folder}/log):\n"
                    + _tail(folder)
                )
            if not ready:
                time.sleep(POLL_SECONDS)


@contextmanager
def _running(python: Path, policy: Policy, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """img2dataset at work. All its processes are gone afterwards; they also end if this process is killed."""
    told = folder / "settings.json"
    told.write_text(json.dumps(settings(policy, folder)), encoding="utf-8")
    (folder / "shards").mkdir()
    environment = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled", SETTINGS: str(told)}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [python, "-P", RUNNER],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def read_shard(asked: pq.ParquetFile, number: int, shards: Path, policy: Policy, started: float) -> Iterator[Answer]:
    """The answers of one finished shard, each URL of its row group once; the shard's files are removed."""
    name, seconds = shards / f"{number:05d}", time.time() - started
    urls = asked.read_row_group(number, columns=["url"])["url"].to_pylist()
    rows = pq.read_table(name.with_suffix(".parquet"), columns=["number", "key", "error_message"]).to_pylist()
    errors = {row["number"]: row["error_message"] for row in rows}
    fetched = {row["key"]: row["number"] for row in rows if row["error_message"] is None}

    def answer(place: int, status: str, message: str, attempts: int, code: int, body: bytes) -> Answer:
        url = urls[place]
        return Answer(url, status, message, attempts, started, seconds, url, code, NETWORK, "", body)

    open_places = set(range(len(urls)))
    with tarfile.open(name.with_suffix(".tar"), "r|", tarinfo=Entry) as archive:
        for entry in entries(archive):
            key, _, extension = entry.name.partition(".")
            place = fetched.get(key)
            if extension == "json" or place not in open_places:
                continue
            open_places.remove(place)
            stream = archive.extractfile(entry)
            assert stream is not None
            status, message = judge(entry.size, policy)
            yield answer(place, status, message, 1, 200, stream.read() if status == OK else b"")
    for place in sorted(open_places):
        text = errors.get(place)
        if text is None:
            yield answer(place, CONNECTION_LOST, "img2dataset says nothing of it", 1, 0, b"")
        else:
            yield answer(place, status_of(text), " ".join(text.split()), policy.http_tries, code_of(text), b"")
    for suffix in (".tar", ".parquet"):
        name.with_suffix(suffix).unlink()


def _tail(folder: Path) -> str:
    return "\n".join((folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
