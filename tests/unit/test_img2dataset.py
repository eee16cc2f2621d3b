"""The back end img2dataset: what its records mean, and, where its environment is there, a real run of it."""

import hashlib
import io
import os
import shutil
import urllib.request
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.response import addinfourl

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.fetch import img2dataset
from datalines.fetch.answers import MIRROR, Answer
from datalines.fetch.img2dataset import VARIABLE, BackendError, interpreter, outcomes, read_shard
from datalines.fetch.img2dataset_run import Policy as Handler
from datalines.fetch.img2dataset_texts import code_of, status_of
from datalines.fetch.mirror import VARIABLE as MIRROR_VARIABLE
from datalines.fetch.mirror import place
from datalines.fetch.policy import Policy
from tests.web import pictures
from tests.web.server import Site, serve

# Two files of a run of img2dataset 1.47.0 over the URLs below, on a server at port 18099 (tests/web/server.py).
RECORDED = Path(__file__).with_name("recorded") / "img2dataset"
SITE = "http://127.0.0.1:18099/"
EXPECTED = {
    "small.jpg": "ok",
    "ok.gif": "ok",
    "empty.jpg": "empty_body",
    "404.jpg": "http_404",
    "429.jpg": "throttled",
    "500.jpg": "http_500",
    "opt-out.jpg": "opt_out",
    "loop.jpg": "too_many_redirects",
    "short.jpg": "connection_lost",
    "reset.jpg": "connection_lost",
    "stall.jpg": "timeout",
    "moved-file.jpg": "refused_scheme",
    "moved-removed.jpg": "removed_image",
    "huge.jpg": "too_large",
}
URLS = [*(SITE + name for name in EXPECTED), "http://127.0.0.1:1/refused.jpg", "http://unknown.invalid/a.jpg"]
STATUSES = [*EXPECTED.values(), "connect_failed", "dns_failed"]
POLICY = Policy("datalines/0.1.0 (+mailto:a@example.org)", http_tries=2, max_bytes=200_000)

ENVIRONMENT = Path(os.environ.get(VARIABLE, "") or img2dataset.CHECKOUT / ".venv-img2dataset" / "bin" / "python")
live = pytest.mark.skipif(
    not ENVIRONMENT.is_file(),
    reason="img2dataset's environment is not there: python3 envs/setup.py img2dataset --venv .venv-img2dataset",
)


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)


def asked(path: Path, urls: list[str]) -> pq.ParquetFile:
    """What img2dataset was asked for, as one row group."""
    pq.write_table(pa.table({"number": list(range(len(urls))), "url": urls}, schema=img2dataset.ASKED), path)
    return pq.ParquetFile(path)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A copy of the recorded files."""
    return Path(shutil.copytree(RECORDED, tmp_path / "shards"))


def recorded(shards: Path, urls: list[str], policy: Policy = POLICY) -> list[Answer]:
    """The answers of the recorded shard."""
    with asked(shards.parent / "asked.parquet", urls) as file:
        return list(read_shard(file, 0, shards, policy, 1000.0))


def test_a_finished_shard_gives_each_url_one_answer(shards: Path) -> None:
    answers = {answer.url: answer for answer in recorded(shards, URLS)}
    assert [answers[url].status for url in URLS] == STATUSES
    assert [answers[url].http_status for url in URLS] == [200, 200, 200, 404, 429, 500, 0, 302, *[0] * 3, 302, *[0] * 4]
    assert [answers[url].attempts for url in URLS] == [1, 1, 1, *[2] * 13]
    assert answers[URLS[0]].body == pictures.jpeg(40, 24, seed=5)
    assert answers[URLS[1]].body == pictures.gif()
    assert all(answers[url].body == b"" for url in URLS[2:])
    assert "\n" not in answers[URLS[7]].message
    assert list(shards.iterdir()) == []


def test_a_url_of_which_nothing_is_said_is_not_lost(shards: Path) -> None:
    *_, last = recorded(shards, [*URLS, "http://example.org/forgotten.jpg"])
    assert (last.url, last.status) == ("http://example.org/forgotten.jpg", "connection_lost")
    assert last.message == "img2dataset says nothing of it"


def test_the_size_limit_holds_for_what_was_stored(shards: Path) -> None:
    answers = {answer.url: answer for answer in recorded(shards, URLS, Policy("t", max_bytes=1500))}
    assert [answers[url].status for url in URLS[:3]] == ["ok", "too_large", "empty_body"]
    assert answers[URLS[1]].body == b""
    assert answers[URLS[1]].message == f"{len(pictures.gif())} bytes, more than 1500"


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("HTTP Error 410: Gone", "http_410", 410),
        ("HTTP Error 429: Too Many Requests", "throttled", 429),
        ("HTTP Error 301: Moved - Redirection to url 'file:///a' is not allowed", "refused_scheme", 301),
        ("<urlopen error [Errno -3] Temporary failure in name resolution>", "dns_failed", 0),
        ("<urlopen error [Errno -5] No address associated with hostname>", "dns_failed", 0),
        ("<urlopen error timed out>", "timeout", 0),
        ("The read operation timed out", "timeout", 0),
        ("<urlopen error [Errno 113] No route to host>", "connect_failed", 0),
        ("<urlopen error [Errno 101] Network is unreachable>", "connect_failed", 0),
        ("<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed>", "tls_failed", 0),
        ("<urlopen error [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)>", "tls_failed", 0),
        ("Remote end closed connection without response", "connection_lost", 0),
        ("<urlopen error datalines: refused_address 10.0.0.1>", "refused_address", 0),
        ("<urlopen error datalines: refused_scheme>", "refused_scheme", 0),
        ("<urlopen error unknown url type: gopher>", "refused_scheme", 0),
        ("URL can't contain control characters. '/a b' (found at least ' ')", "invalid_url", 0),
        ("something new", "connection_lost", 0),
    ],
)
def test_the_meaning_of_error_texts(text: str, status: str, code: int) -> None:
    assert (status_of(text), code_of(text)) == (status, code)


SETTINGS: dict[str, Any] = {"user_agent": "ours", "removed": ["/gone.png"], "allow_private": False, "max_bytes": 100}


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1/a.jpg", "refused_address 127.0.0.1"),
        ("http://2130706433/a.jpg", "refused_address 127.0.0.1"),
        ("http://[::1]/a.jpg", "refused_address ::1"),
        ("http://[::ffff:10.0.0.1]/a.jpg", "refused_address ::ffff:a00:1"),
        ("http://192.0.2.1/a/gone.png", "removed_image"),
    ],
)
def test_every_request_passes_the_policy(url: str, text: str) -> None:
    with pytest.raises(URLError) as raised:
        Handler(SETTINGS).http_request(urllib.request.Request(url))
    assert raised.value.reason == f"datalines: {text}"


def test_requests_say_who_we_are_and_large_answers_are_refused() -> None:
    handler = Handler({**SETTINGS, "allow_private": True})
    request = handler.http_request(urllib.request.Request("http://127.0.0.1/a", headers={"User-Agent": "Mozilla"}))
    assert request.headers == {"User-agent": "ours", "Accept": "image/*"}
    for length, refused in (("100", False), ("101", True)):
        headers = Message()
        headers["Content-Length"] = length
        response = addinfourl(io.BytesIO(), headers, "http://127.0.0.1/a")
        if refused:
            with pytest.raises(URLError, match="too_large"):
                handler.http_response(request, response)
        else:
            assert handler.http_response(request, response) is response


def pool(**changes: Any) -> dict[str, Any]:
    """The resolved section `fetch` of a pool."""
    fetch = {
        "user_agent": POLICY.user_agent,
        "concurrency": 16,
        "timeout": {"connect": 2, "read": 2, "total": 5},
        "tries": {"connect": 1, "http": 2},
        "backoff": {"base": 0.1, "cap": 1},
        "host": {"rate": None, "burst": 10, "concurrency": 8},
        "hosts": {},
        "max_bytes": 200_000,
        "max_redirects": 3,
        "opt_out": {"header": "X-Robots-Tag", "tokens": ["noai", "noindex"]},
        "removed": ["/removed.png"],
        "allow_private": True,
    }
    return {"fetch": {**fetch, **changes}}


def test_a_missing_environment_is_an_error_that_says_how_to_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "python"))
    with pytest.raises(BackendError, match=r"python3 envs/setup.py img2dataset --venv .venv-img2dataset"):
        list(outcomes(pool(), URLS, tmp_path / "work"))
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(img2dataset, "CHECKOUT", tmp_path)
    with pytest.raises(BackendError, match=rf"{tmp_path}/.venv-img2dataset/bin/python, the Python of its"):
        interpreter()


def test_another_opt_out_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"fetch.opt_out.header is X-Other, and img2dataset reads X-Robots-Tag only"):
        list(outcomes(pool(opt_out={"header": "X-Other", "tokens": ["no"]}), URLS, tmp_path / "work"))


def test_a_program_that_does_nothing_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'No module named img2dataset'\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(program))
    text = r"ended \(exit status 3\) with 1 of 1 shards missing(.|\n)*No module named img2dataset"
    with pytest.raises(BackendError, match=text):
        list(outcomes(pool(), URLS, tmp_path / "work"))


def test_the_mirror_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR_VARIABLE, str(tmp_path / "mirror"))
    monkeypatch.setenv(VARIABLE, str(ENVIRONMENT if ENVIRONMENT.is_file() else "/bin/false"))
    for url, body in ((URLS[0], b"picture"), (URLS[1], b""), (URLS[2], bytes(200_001))):
        path = tmp_path / "mirror" / place(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    answers = list(outcomes(pool(), URLS[:3], tmp_path / "work"))
    assert [answer.status for answer in answers] == ["ok", "empty_body", "too_large"]
    assert [answer.body for answer in answers] == [b"picture", b"", b""]
    assert {(answer.origin, answer.attempts) for answer in answers} == {(MIRROR, 0)}


@pytest.fixture
def site() -> Iterator[Site]:
    """A running server."""
    with serve() as running:
        yield running


@live
def test_a_real_run(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(ENVIRONMENT))
    monkeypatch.setattr(img2dataset, "SHARD", 20)
    urls = [*(site.url(f"/{name}") for name in EXPECTED), *URLS[-2:], *(site.url(f"/ok.jpg?{n}") for n in range(40))]
    answers = list(outcomes(pool(), urls, tmp_path / "work"))
    assert Counter(answer.url for answer in answers) == Counter(urls)
    found = {answer.url: answer for answer in answers}
    assert [found[url].status for url in urls] == [*STATUSES, *["ok"] * 40]
    bodies = {hashlib.sha256(found[url].body).digest() for url in urls[-40:]}
    assert bodies == {hashlib.sha256(pictures.jpeg()).digest()}
    assert {seen.headers["user-agent"] for seen in site.requests} == {POLICY.user_agent}
    assert not list((tmp_path / "work" / "shards").glob("*.tar"))


@live
def test_leaving_early_ends_all_its_processes(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(ENVIRONMENT))
    monkeypatch.setattr(img2dataset, "SHARD", 5)
    quick = [site.url(f"/ok.jpg?{n}") for n in range(5)]
    answers = outcomes(pool(), [*quick, *(site.url(f"/silence.jpg?{n}") for n in range(200))], tmp_path / "work")
    assert next(answers).status == "ok"
    answers.close()  # type: ignore[attr-defined]
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"img2dataset_run.py" in read(path)]
    assert not [path for path in left if str(tmp_path).encode() in read(path.with_name("environ"))]


def read(path: Path) -> bytes:
    """A file of the system, empty if its process has just ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
