"""A declared file comes from the mirror or the network, is verified, and an interrupted download goes on."""

import hashlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from datalines.errors import FetchError
from datalines.fetch import partial
from datalines.fetch.download import DownloadError, Wanted, advice, missing, obtain, size_text
from datalines.fetch.mirror import VARIABLE, place
from datalines.fetch.policy import Policy

CONTENT = bytes(range(256)) * 12_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
POLICY = Policy(
    "datalines/test (+mailto:a@example.org)", connect=2, read=2, backoff_base=0.01, allow_private=True, connect_tries=1
)
ROOT = Path(__file__).parents[2]


class Server(ThreadingHTTPServer):
    """Serves CONTENT at every path, and does as it is told with it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.etag = '"one"'
        self.ranges = True
        self.cuts: list[int] = []
        self.pause = 0.0
        self.seen: list[dict[str, str]] = []

    def url(self, path: str = "/folder/list.csv") -> str:
        """An address of this server."""
        return f"http://127.0.0.1:{self.server_port}{path}"

    def asked_ranges(self) -> list[str]:
        """The Range header of every request."""
        return [headers.get("Range", "") for headers in self.seen]


class Handler(BaseHTTPRequestHandler):
    """Ranges, versions, redirects, and bodies that end too early."""

    server: Server

    def do_GET(self) -> None:
        site = self.server
        site.seen.append(dict(self.headers))
        if self.path.startswith("/gone"):
            self.send_error(404)
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved") or "/moved")
            self.end_headers()
            return
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = site.ranges and self.headers.get("If-Range", site.etag) == site.etag
        begin = int(asked[1]) if asked and same else 0
        body = site.content[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(site.content) - 1}/{len(site.content)}")
        if site.etag:
            self.send_header("ETag", site.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else len(body)
        for start in range(0, min(cut, len(body)), 200_000):
            self.wfile.write(body[start : min(start + 200_000, cut)])
            self.wfile.flush()
            time.sleep(site.pause)
        if cut < len(body):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def site() -> Iterator[Server]:
    """A running server."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty mirror that downloads look in."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mirror"))
    return tmp_path / "mirror"


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def names(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def put(path: Path, content: bytes = CONTENT) -> Path:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_file_is_fetched_once_and_nothing_else_is_left(site: Server, tmp_path: Path) -> None:
    target = tmp_path / "down" / "list.csv"
    for _ in range(2):
        assert obtain(site.url(), target, SHA256.upper(), len(CONTENT), POLICY) == target
    assert target.read_bytes() == CONTENT
    assert names(tmp_path) == ["down/list.csv"]
    assert len(site.seen) == 1
    assert site.seen[0]["User-Agent"] == POLICY.user_agent


def test_neither_size_nor_digest_need_be_declared(site: Server, tmp_path: Path) -> None:
    assert obtain(site.url(), tmp_path / "a", None, None, POLICY).read_bytes() == CONTENT
    site.content = b""
    assert obtain(site.url(), tmp_path / "empty", None, 0, POLICY).read_bytes() == b""


def test_a_connection_that_breaks_is_gone_on_from(site: Server, tmp_path: Path) -> None:
    site.cuts = [1_000_000, 900_000, 500_000, 100_000]
    obtain(site.url(), tmp_path / "a", SHA256, len(CONTENT), POLICY)
    assert (tmp_path / "a").read_bytes() == CONTENT
    expected = ["", "bytes=1000000-", "bytes=1900000-", "bytes=2400000-", "bytes=2500000-"]
    assert site.asked_ranges() == expected
    assert {headers.get("If-Range") for headers in site.seen[1:]} == {'"one"'}


def test_a_killed_download_is_gone_on_from(site: Server, tmp_path: Path) -> None:
    site.pause = 0.1
    program = (
        "import sys; from pathlib import Path; from datalines.fetch.download import obtain\n"
        "from datalines.fetch.policy import Policy\n"
        "obtain(sys.argv[1], Path(sys.argv[2]), None, None, Policy('t', allow_private=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, site.url(), tmp_path / "a"], cwd=ROOT)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(path.stat().st_size > 1_000_000 for path in tmp_path.glob(".*.partial")):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    site.pause = 0.0
    assert not (tmp_path / "a").exists()
    obtain(site.url(), tmp_path / "a", SHA256, len(CONTENT), POLICY)
    assert names(tmp_path) == ["a"]
    assert int(site.asked_ranges()[-1].removeprefix("bytes=").removesuffix("-")) > 1_000_000


@pytest.mark.parametrize("change", ["new version", "no ranges", "no version"])
def test_a_download_that_cannot_be_continued_begins_anew(site: Server, tmp_path: Path, change: str) -> None:
    site.etag = "" if change == "no version" else site.etag
    site.cuts = [1_000_000]
    with pytest.raises(DownloadError, match="connection_lost"):
        obtain(site.url(), tmp_path / "a", None, None, Policy("t", allow_private=True, http_tries=0))
    site.etag = '"two"' if change == "new version" else site.etag
    site.ranges = change != "no ranges"
    site.content = CONTENT[::-1]
    obtain(site.url(), tmp_path / "a", None, None, POLICY)
    assert (tmp_path / "a").read_bytes() == site.content


def test_a_server_that_lies_about_its_version_is_asked_once_more(site: Server, tmp_path: Path) -> None:
    site.cuts = [1_000_000]
    with pytest.raises(DownloadError):
        obtain(site.url(), tmp_path / "a", None, None, Policy("t", allow_private=True, http_tries=0))
    site.content = CONTENT[::-1]
    digest = hashlib.sha256(site.content).hexdigest()
    assert obtain(site.url(), tmp_path / "a", digest, None, POLICY).read_bytes() == site.content
    assert site.asked_ranges() == ["", "bytes=1000000-", ""]


def test_redirects_are_followed_and_checked(site: Server, tmp_path: Path) -> None:
    obtain(site.url("/moved/moved/folder/list.csv"), tmp_path / "a", SHA256, None, POLICY)
    assert len(site.seen) == 3
    with pytest.raises(DownloadError, match="too_many_redirects"):
        obtain(site.url("/moved"), tmp_path / "b", SHA256, None, POLICY)


def test_private_addresses_are_refused(site: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="refused_address"):
        obtain(site.url(), tmp_path / "a", SHA256, None, Policy("t"))
    assert site.seen == []


def test_another_size_is_noticed_before_the_body_is_read(site: Server, tmp_path: Path) -> None:
    text = rf"pools.web.list.path: .* has {len(CONTENT)} bytes, and 7 are declared; correct the declaration"
    with pytest.raises(DownloadError, match=text):
        obtain(site.url(), tmp_path / "a", SHA256, 7, POLICY, "pools.web.list.path")
    assert names(tmp_path) == []


def test_another_digest_is_an_error_and_leaves_nothing(site: Server, tmp_path: Path) -> None:
    text = rf"sent has the sha256 {SHA256}, and {'0' * 64} is declared; correct the declaration"
    with pytest.raises(DownloadError, match=text):
        obtain(site.url(), tmp_path / "a", "0" * 64, None, POLICY)
    assert names(tmp_path) == []
    assert len(site.seen) == 1


def test_a_file_at_the_target_that_is_not_the_declared_one_is_replaced(site: Server, tmp_path: Path) -> None:
    put(tmp_path / "a", b"old")
    assert obtain(site.url(), tmp_path / "a", SHA256, None, POLICY).read_bytes() == CONTENT


def test_what_cannot_be_fetched_is_told_with_all_that_is_needed(site: Server, tmp_path: Path) -> None:
    url = site.url("/gone/list.csv")
    with pytest.raises(DownloadError) as raised:
        obtain(url, tmp_path / "a", SHA256, len(CONTENT), POLICY, "pools.web.list.path")
    assert str(raised.value) == (
        f"pools.web.list.path: {url} could not be fetched: http_404 (Not Found). Without a network here: fetch {url} "
        f"elsewhere (3.07 MB, 3072000 bytes, sha256 {SHA256}) and put it at {tmp_path}/a, or at "
        f"127.0.0.1:{site.server_port}/gone/list.csv in a folder that $DATALINES_MIRROR names"
    )
    assert names(tmp_path) == []


def test_with_a_mirror_the_error_names_the_place_in_it(site: Server, mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="size not declared, sha256 not declared") as raised:
        obtain(site.url("/gone/list.csv"), tmp_path / "a", None, None, POLICY)
    assert str(raised.value).endswith(f"and put it at {mirror}/127.0.0.1:{site.server_port}/gone/list.csv")


def test_the_mirror_is_first_and_its_file_is_linked(site: Server, mirror: Path, tmp_path: Path) -> None:
    held = put(mirror / place(site.url()))
    target = tmp_path / "down" / "a"
    for _ in range(2):
        assert obtain(site.url(), target, SHA256, len(CONTENT), POLICY) == target
    assert target.samefile(held)
    assert obtain(site.url(), held, SHA256, None, POLICY) == held
    assert not held.is_symlink()
    assert site.seen == []


@pytest.mark.parametrize(
    ("size", "sha256", "text"),
    [
        (None, SHA256, f"has the sha256 {hashlib.sha256(b'other').hexdigest()}, and {SHA256} is declared"),
        (len(CONTENT), SHA256, f"has 5 bytes, and {len(CONTENT)} are declared"),
    ],
)
def test_a_wrong_file_of_the_mirror_is_never_used(
    site: Server, mirror: Path, tmp_path: Path, size: int | None, sha256: str, text: str
) -> None:
    held = put(mirror / place(site.url()), b"other")
    with pytest.raises(DownloadError) as raised:
        obtain(site.url(), tmp_path / "a", sha256, size, POLICY, "pools.web.source")
    assert str(raised.value) == (
        f"pools.web.source: {held}, the mirror's file of {site.url()}, {text}. "
        "Replace it by the declared file, or correct the declaration"
    )
    assert not (tmp_path / "a").exists()
    assert site.seen == []


def test_an_md5_is_checked_as_well_and_alone_it_is_said(
    site: Server, mirror: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    md5 = hashlib.md5(CONTENT).hexdigest()
    held = put(mirror / place(site.url()))
    obtain(site.url(), tmp_path / "a", SHA256, None, POLICY, md5=md5)
    assert "only an md5" not in caplog.text
    obtain(site.url(), tmp_path / "a", None, len(CONTENT), POLICY, md5=md5)
    assert "only an md5 is declared, which finds damage, and no file that was forged to have it" in caplog.text
    for sha256 in (SHA256, None):
        with pytest.raises(DownloadError, match=f"has the md5 {md5}, and {'0' * 32} is declared"):
            obtain(site.url(), tmp_path / "b", sha256, None, POLICY, "pools.web.path", md5="0" * 32)
    held.unlink()
    (item,) = missing([Wanted(site.url(), len(CONTENT), None, "pools.web.path", "0" * 32)], tmp_path / "down")
    assert item.problem == "missing"
    assert f"md5 {'0' * 32}" in advice(item.wanted, item.path)


def test_two_processes_fetch_a_file_once(site: Server, tmp_path: Path) -> None:
    site.pause = 0.02
    threads = [
        threading.Thread(target=obtain, args=(site.url(), tmp_path / "a", SHA256, None, POLICY)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(site.seen) == 1


def test_a_full_disk_is_an_error_and_the_rest_is_kept(site: Server, tmp_path: Path) -> None:
    limit = len(CONTENT) // 2
    program = (
        "import resource, signal, sys; from pathlib import Path; from datalines.fetch.download import obtain\n"
        "from datalines.fetch.policy import Policy\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try: obtain(sys.argv[1], Path(sys.argv[2]), None, None, Policy('t', allow_private=True))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program, site.url(), str(tmp_path / "a")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.match(r"DownloadError .*partial cannot be written: File too large$", done.stdout.strip())
    obtain(site.url(), tmp_path / "a", SHA256, None, POLICY)
    assert site.asked_ranges()[1] == f"bytes={limit}-"


def test_missing_names_what_is_not_there_or_not_right(mirror: Path, tmp_path: Path) -> None:
    urls = [f"http://example.org/{name}" for name in ("right", "small", "changed", "gone", "local")]
    put(mirror / place(urls[0]), b"12345")
    put(mirror / place(urls[1]), b"1234")
    put(mirror / place(urls[2]), b"54321")
    put(tmp_path / "down" / place(urls[4]), b"12345")
    digest = hashlib.sha256(b"12345").hexdigest()
    found = missing([Wanted(url, 5, digest, "pools.web.source") for url in urls], tmp_path / "down")
    assert [item.wanted.url for item in found] == urls[1:4]
    assert [item.problem for item in found] == [
        "has 4 bytes, and 5 are declared",
        f"has the sha256 {hashlib.sha256(b'54321').hexdigest()}, and {digest} is declared",
        "missing",
    ]
    assert [item.path for item in found] == [mirror / place(url) for url in urls[1:4]]


def test_a_file_and_a_folder_of_one_name_find_room(mirror: Path) -> None:
    put(mirror / "example.org" / "a")
    (item,) = missing([Wanted("http://example.org/a/b")])
    assert re.fullmatch(r"[0-9a-f]{64}", item.path.name)
    put(item.path)
    assert missing([Wanted("http://example.org/a/b"), Wanted("http://example.org/a")]) == []


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "?"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_234_567, "1.23 MB"),
        (45_600_000_000, "45.6 GB"),
        (3 * 10**15, "3e+03 TB"),
    ],
)
def test_sizes_for_people(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "file")
    with (
        pytest.raises(FetchError, match=r"file cannot be written to: (File exists|Not a directory)"),
        partial.Partial(tmp_path / "file" / "a"),
    ):
        pass
