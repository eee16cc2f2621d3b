"""The journal gives back what was added, whatever byte a kill or a power failure ends it at."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import FetchError
from datalines.fetch import journal as journals
from datalines.fetch.crawl import Answer
from datalines.fetch.finished import Keeper, load
from datalines.fetch.images import Prepared, Work
from datalines.fetch.journal import BLOBS, RECORDS, Journal
from datalines.fetch.outcome import Outcome, line_of, of_answer, parse, with_work
from datalines.files import sha256_file

ROOT = Path(__file__).parents[2]


def outcome(number: int, status: str = "ok", **changes: Any) -> Outcome:
    url = f"http://example.org/{number}.jpg"
    plain = Outcome(url, status, "", 1, 1_700_000_000_123_456 + number, 0.25, url, 200, "network", "image/jpeg")
    digest = hashlib.sha256(data(number)).hexdigest() if status == "ok" else ""
    return replace(plain, **{"stored_sha256": digest, **changes})


def data(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest() * (1 + number % 3)


def fill(folder: Path, numbers: Sequence[int]) -> None:
    with Journal(folder) as journal:
        for number in numbers:
            journal.add(outcome(number), data(number))


def held(folder: Path, numbers: Sequence[int]) -> list[int]:
    """The numbers whose outcome and image the journal gives back unchanged; the others must be unknown."""
    found = []
    with Journal(folder) as journal:
        for number in numbers:
            known = journal.get(outcome(number).url)
            if known is not None:
                assert replace(known, offset=0, length=0) == outcome(number)
                assert journal.read(known) == data(number)
                found.append(number)
    return found


@given(
    st.builds(
        Outcome,
        url=st.text(),
        status=st.text(),
        message=st.text(),
        attempts=st.integers(0, 9),
        started=st.integers(0, 2**60),
        seconds=st.floats(0, 1e6),
        final_url=st.text(),
        http_status=st.integers(0, 999),
        origin=st.sampled_from(["network", "mirror"]),
        content_type=st.text(),
        offset=st.integers(0, 2**60),
    ),
    st.data(),
)
def test_a_record_comes_back_and_a_changed_or_torn_one_is_noticed(record: Outcome, draw: st.DataObject) -> None:
    line = line_of(record)
    assert parse(line) == record
    assert line.count(b"\n") == 1
    assert parse(line[: draw.draw(st.integers(0, len(line) - 1))]) is None
    place = draw.draw(st.integers(0, len(line) - 1))
    assert parse(line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]) is None


def test_header_bytes_that_are_no_text_can_be_stored() -> None:
    answer = Answer(
        "http://a/", "ok", "\udce9" * 9000, 1, 1.5, 0.1, "http://a/\udce9", 200, "network", "image/\udcff", b"x"
    )
    prepared = Prepared(Work("ok", "", b"x", "jpg", 3, 4), "digest", "stored")
    found = with_work(of_answer(answer), prepared, 1, "pillow")
    assert found.content_type == "image/\\udcff" and found.final_url == "http://a/\\udce9"
    assert len(of_answer(answer).message) == 500
    assert (found.started, found.bytes, found.sha256, found.width) == (1_500_000, 1, "digest", 3)
    assert parse(line_of(found)) == found


def test_what_was_added_is_known_in_the_same_and_in_the_next_session(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        assert journal.get(outcome(1).url) is None
        journal.add(outcome(1), data(1))
        journal.add(outcome(2, "http_404"), b"")
        first = journal.get(outcome(1).url)
        assert first is not None and journal.read(first) == data(1)
    with Journal(tmp_path) as journal:
        missing = journal.final(outcome(2).url)
        assert missing is not None and (missing.status, missing.length) == ("http_404", 0)
        journal.add(outcome(3), data(3))
    assert held(tmp_path, [0, 1, 3, 4]) == [1, 3]


def test_a_url_that_was_asked_twice_has_its_last_outcome(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(outcome(1, "dns_failed"), b"")
        journal.add(outcome(1), data(1))
    assert held(tmp_path, [1]) == [1]


def test_failures_of_the_network_are_not_final(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number, status in enumerate(["dns_failed", "connect_failed", "timeout", "throttled"]):
            journal.add(outcome(number, status), b"")
    with Journal(tmp_path) as journal:
        urls = [outcome(number).url for number in range(4)]
        assert [journal.final(url) is not None for url in urls] == [False, False, True, True]
        assert [journal.tried(url) for url in urls] == [True, True, False, False]
        journal.mark_outage()
        journal.add(outcome(5, "dns_failed"), b"")
        assert not journal.tried(urls[0])
    with Journal(tmp_path) as journal:
        assert not any(journal.tried(url) for url in urls)
        assert journal.tried(outcome(5).url)
        assert journal.final(urls[2]) is not None


@pytest.mark.parametrize("name", [RECORDS, BLOBS])
@pytest.mark.parametrize("synced", [0, 4])
def test_cut_off_at_any_byte(tmp_path: Path, name: str, synced: int) -> None:
    """What was complete before the cut is there, the rest is unknown, and the journal goes on as if never cut."""
    whole = tmp_path / "whole"
    with Journal(whole) as journal:
        for number in range(6):
            if number == synced:
                journal.sync()
            journal.add(outcome(number), data(number))
    size = (whole / name).stat().st_size
    counts = []
    for cut in range(0, size, 7 if name == RECORDS else 3):
        folder = tmp_path / str(cut)
        shutil.copytree(whole, folder)
        with (folder / name).open("r+b") as stream:
            stream.truncate(cut)
        known = held(folder, range(6))
        assert known == list(range(len(known)))
        counts.append(len(known))
        fill(folder, range(len(known), 6))
        assert held(folder, range(6)) == list(range(6))
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == 5


def test_images_that_did_not_reach_the_disk_before_a_power_failure_are_noticed(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(outcome(0), data(0))
        journal.sync()
        for number in range(1, 4):
            journal.add(outcome(number), data(number))
    with (tmp_path / BLOBS).open("r+b") as stream:
        stream.seek(len(data(0)) + len(data(1)) + 5)
        stream.write(bytes(9))
    assert held(tmp_path, range(4)) == [0, 1]
    assert (tmp_path / BLOBS).stat().st_size == len(data(0)) + len(data(1))


def test_a_changed_byte_cuts_off_what_follows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, range(4))
    content = bytearray((tmp_path / RECORDS).read_bytes())
    content[content.index(b"/2.jpg") + 1] ^= 1
    (tmp_path / RECORDS).write_bytes(content)
    assert held(tmp_path, range(4)) == [0, 1]
    assert "are torn and cut off; their URLs are asked again" in caplog.text


def test_an_image_that_changed_later_is_an_error_that_says_what_to_delete(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.add(outcome(0), data(0))
        journal.sync()
        (tmp_path / BLOBS).write_bytes(bytes(len(data(0))))
        known = journal.get(outcome(0).url)
        assert known is not None
        with pytest.raises(FetchError, match=rf"blobs\.bin is not as it was written; delete the folder {tmp_path}"):
            journal.read(known)


def test_everything_reaches_the_disk_every_so_many_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SYNC_RECORDS", 3)
    fill(tmp_path, range(7))
    lines = (tmp_path / RECORDS).read_bytes().splitlines()
    assert [number for number, line in enumerate(lines) if b"synced" in line] == [3, 7]
    assert held(tmp_path, range(7)) == list(range(7))


def test_a_process_killed_while_it_adds_loses_at_most_the_record_in_hand(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.unit.test_fetch_journal import *\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    journal.add(outcome(number), data(number))\n"
        "    print(number, flush=True)\n"
    )
    for folder in (tmp_path / "one", tmp_path / "two"):
        command = [sys.executable, "-c", program, str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(150)]
        process.kill()
        said += [int(line) for line in process.stdout.read().splitlines()]
        process.stdout.close()
        process.wait()
        known = held(folder, range(said[-1] + 3))
        assert known[: len(said)] == said
        assert len(known) <= len(said) + 1


def keep(folder: Path, tar: Path, outcomes: list[Outcome]) -> bool:
    with Keeper(folder) as keeper:
        for each in outcomes:
            keeper.add(each)
        return keeper.keep(tar, {"path": tar.name, "bytes": tar.stat().st_size, "sha256": sha256_file(tar)})


def placed(number: int, offset: int, length: int) -> Outcome:
    digest = hashlib.sha256(data(number)[:length]).hexdigest()
    return outcome(number, offset=offset, length=length, stored_sha256=digest)


def test_a_finished_part_is_kept_by_a_link_that_takes_no_space(tmp_path: Path) -> None:
    tar, state = tmp_path / "0.tar", tmp_path / "state"
    tar.write_bytes(b"--" + data(1))
    assert load(state) is None
    assert keep(state, tar, [placed(1, 2, 32), outcome(2, "http_404")])
    (linked,) = (state / "finished").glob("*.tar")
    assert linked.samefile(tar)
    tar.unlink()
    store = load(state)
    assert store is not None
    first, second = (store.get(outcome(number).url) for number in (1, 2))
    assert first is not None and store.read(first) == data(1)[:32]
    assert second is not None and second.status == "http_404"
    store.close()


def test_of_a_url_with_several_rows_the_one_with_an_image_is_kept(tmp_path: Path) -> None:
    tar = tmp_path / "0.tar"
    tar.write_bytes(data(1))
    for rows in ([outcome(1), placed(1, 0, 32)], [placed(1, 0, 32), outcome(1)]):
        assert keep(tmp_path / "state", tar, rows)
        store = load(tmp_path / "state")
        assert store is not None
        found = store.get(outcome(1).url)
        assert found is not None and not found.withheld and store.read(found) == data(1)[:32]
        store.close()


def test_a_later_finish_replaces_the_one_before(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for number in (1, 2, 2):
        tar = tmp_path / f"{number}.tar"
        tar.unlink(missing_ok=True)
        tar.write_bytes(data(number))
        assert keep(state, tar, [placed(number, 0, 32)])
        assert len(list((state / "finished").iterdir())) == 3
    store = load(state)
    assert store is not None and store.get(outcome(1).url) is None and store.get(outcome(2).url) is not None
    store.close()


def test_a_finished_part_that_is_not_as_it_was_left_is_an_error_that_says_what_to_delete(tmp_path: Path) -> None:
    tar, state = tmp_path / "0.tar", tmp_path / "state"
    tar.write_bytes(data(1))
    assert keep(state, tar, [placed(1, 0, 32)])
    (records,) = (state / "finished").glob("*.jsonl")
    sound = records.read_bytes()
    records.write_bytes(sound.replace(b"200", b"201"))
    with pytest.raises(FetchError, match=r"jsonl is not as it was written; delete the folder .*finished"):
        load(state)
    records.write_bytes(sound)
    tar.write_bytes(b"")
    with pytest.raises(FetchError, match=r"tar is missing or cut off; delete the folder .*finished"):
        load(state)
