"""A part that is made again, in a supplement, or after an outage: nothing that was obtained is asked for twice."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import CountError, FetchError
from datalines.fetch import part
from datalines.fetch.journal import BLOBS
from tests.unit.url_lists import NOWHERE, POOL, Entry, Fetching, answered, fill, image_urls, url_spec, write_list
from tests.web import pictures
from tests.web.server import Site


def test_an_unchanged_list_is_made_again_without_a_request_and_with_the_same_bytes(
    site: Site, fetching: Fetching
) -> None:
    fill(fetching, [*image_urls(site, 8), site.url("/404.jpg"), site.url("/timeout"), NOWHERE.format(1)])
    fetching.start(url_spec())
    before = fetching.bytes(attempts=True)
    site.forget()
    for _ in range(2):
        fetching.start(url_spec(concurrency=3, timeout={"connect": 5, "read": 5, "total": 5}))
        assert fetching.bytes(attempts=True) == before
    assert site.total() == 0


def test_an_edited_list_asks_for_its_new_urls_only(site: Site, fetching: Fetching, tmp_path: Path) -> None:
    urls = image_urls(site, 8)
    fill(fetching, urls[:5])
    fetching.start(url_spec())
    site.forget()
    edited = [Entry(urls[0], "another caption"), *(Entry(url, f"caption of {url}") for url in urls[3:])]
    write_list(fetching.listing, edited)
    fetching.start(url_spec())
    assert sorted(seen.path for seen in site.requests) == ["/5.jpg", "/6.jpg", "/7.jpg"]
    fresh = Fetching(tmp_path / "fresh")
    write_list(fresh.listing, edited)
    fresh.start(url_spec())
    assert fetching.bytes() == fresh.bytes()


@pytest.mark.parametrize("change", [{"version": "2"}, {"image": {"quality": 50}}, {"max_bytes": 4_000_000}])
def test_a_pool_declared_otherwise_is_fetched_anew_and_its_old_state_removed(
    site: Site, fetching: Fetching, change: dict[str, Any]
) -> None:
    fill(fetching, [site.url("/ok.jpg")])
    fetching.start(url_spec())
    fetching.start(url_spec(**change) if "version" not in change else {**url_spec(), **change})
    assert site.count("/ok.jpg") == 2
    assert len([path for path in (fetching.states / "fetch" / POOL).iterdir() if path.is_dir()]) == 1


def test_the_state_of_a_finished_part_takes_no_space_for_images(site: Site, fetching: Fetching) -> None:
    fill(fetching, image_urls(site, 4))
    fetching.start(url_spec())
    (state,) = (path for path in (fetching.states / "fetch" / POOL).iterdir() if path.is_dir())
    files = [path for path in state.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == [".json", ".jsonl", ".tar"]
    assert next(path for path in files if path.suffix == ".tar").samefile(fetching.tar)


def test_without_links_the_journal_stays_and_serves_as_well(
    site: Site, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    fill(fetching, image_urls(site, 4))
    fetching.start(url_spec())
    before = fetching.bytes(attempts=True)
    fetching.start(url_spec())
    assert fetching.bytes(attempts=True) == before and site.total() == 4
    assert fetching.journal.with_name(BLOBS).is_file()


def test_a_state_that_is_damaged_is_not_taken_for_good(site: Site, fetching: Fetching) -> None:
    fill(fetching, image_urls(site, 3))
    fetching.start(url_spec())
    with fetching.tar.open("r+b") as stream:
        stream.seek(700)
        stream.write(b"damage")
    with pytest.raises(FetchError, match=r"\.tar is not as it was written; delete the folder .*finished"):
        fetching.start(url_spec())


class Round:
    """A part and its supplements."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.receipts: list[Path] = []

    def start(self, spec: dict[str, Any]) -> tuple[Fetching, dict[str, Any]]:
        """The next round."""
        number = len(self.receipts)
        fetching = Fetching(self.root, f"0r{number}" if number else "0")
        content = fetching.start(spec, tuple(self.receipts))
        self.receipts.append(fetching.receipt)
        return fetching, content


def test_a_supplement_asks_again_for_what_may_get_better(site: Site, tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    once, twice, gone = (site.url(f"/{name}-later.jpg") for name in ("once", "twice", "gone"))
    for url in (once, twice):
        site.break_(f"/{url.rsplit('/', 1)[1]}", 503)
    good = image_urls(site, 3)
    entries = [Entry(url, caption) for url in (once, twice, gone, *good) for caption in ("a", "b")]
    write_list(Fetching(tmp_path).listing, entries)
    base, receipt = rounds.start(url_spec())
    assert receipt["failed"] == {"http_404": 2, "http_503": 4}
    before = base.bytes(attempts=True)
    site.put("/once-later.jpg", pictures.jpeg(seed=77))
    site.forget()
    first, receipt = rounds.start(url_spec())
    assert (receipt["part"], receipt["round"], receipt["asked_again"]) == ("0r1", 1, {"http_503": 4})
    assert (receipt["requested"], receipt["stored"], receipt["failed"]) == (4, 2, {"http_503": 2})
    assert {seen.path for seen in site.requests} == {"/once-later.jpg", "/twice-later.jpg"}
    assert set(first.rows()["id"]) == {entry.id for entry in entries if entry.url in (once, twice)}
    site.put("/twice-later.jpg", pictures.jpeg(seed=78))
    second, receipt = rounds.start(url_spec())
    assert (receipt["round"], receipt["asked_again"]) == (2, {"http_503": 2})
    assert (receipt["requested"], receipt["stored"], receipt["failed"]) == (2, 2, {})
    third, receipt = rounds.start(url_spec())
    assert (receipt["requested"], receipt["asked_again"]) == (0, {})
    assert base.bytes(attempts=True) == before and second.tar.name == "0r2.tar" and third.receipt.name == "0r3.json"
    for name in ("once", "twice"):
        site.mend(f"/{name}-later.jpg")


def test_a_supplement_that_does_not_fit_its_part_is_a_count_error(site: Site, tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    fill(Fetching(tmp_path), [site.url("/500.jpg"), site.url("/ok.jpg")])
    base, _ = rounds.start(url_spec())
    fill(base, [site.url("/ok.jpg")])
    with pytest.raises(CountError, match=r"0\.parquet holds 0 of the 1 rows .* delete .*0\.json and run again"):
        rounds.start(url_spec())


OUTAGE = {"outage_minimum": 5, "outage_share": 0.5}


def test_an_outage_refuses_the_part_and_keeps_what_was_obtained(site: Site, fetching: Fetching) -> None:
    good = image_urls(site, 4)
    fill(fetching, [*good, *(NOWHERE.format(number) for number in range(8))])
    with pytest.raises(FetchError, match=r"pools\.web: \d+ names could not be resolved .* Nothing is lost") as caught:
        fetching.start(url_spec(**OUTAGE))
    assert "raise pools.web.fetch.outage_share, now 0.5" in str(caught.value)
    assert not any(path.exists() for path in fetching.outputs)
    with pytest.raises(FetchError, match="network or name server"):
        fetching.start(url_spec(**OUTAGE))
    kept = answered(fetching)
    site.forget()
    fill(fetching, good)
    assert fetching.start(url_spec(**OUTAGE))["stored"] == 4
    assert {site.url(seen.path) for seen in site.requests} == set(good) - kept


@pytest.mark.parametrize(("good", "dead"), [(6, 5), (0, 4)])
def test_dead_names_are_no_outage_while_others_answer_or_they_are_few(
    site: Site, fetching: Fetching, good: int, dead: int
) -> None:
    fill(fetching, [*image_urls(site, good), *(NOWHERE.format(number) for number in range(dead))])
    receipt = fetching.start(url_spec(**OUTAGE))
    assert (receipt["stored"], receipt["failed"]) == (good, {"dns_failed": dead})


def test_an_outage_that_begins_late_is_noticed_after_a_kill(site: Site, fetching: Fetching) -> None:
    """Most of the part was obtained before, so that the failures are few among all, but not among those asked now."""
    good = image_urls(site, 20)
    fill(fetching, good)
    fetching.start(url_spec(**OUTAGE))
    fill(fetching, [*good, *(NOWHERE.format(number) for number in range(6))])
    with pytest.raises(FetchError, match=r"[56] names could not be resolved"):
        fetching.start(url_spec(**OUTAGE))
    with pytest.raises(FetchError, match=r"[56] names could not be resolved"):
        fetching.start(url_spec(**OUTAGE))
    assert fetching.start(url_spec(outage_minimum=7))["failed"] == {"dns_failed": 6}


def test_names_that_failed_in_the_round_before_do_not_make_an_outage(site: Site, tmp_path: Path) -> None:
    rounds = Round(tmp_path)
    fill(Fetching(tmp_path), [*image_urls(site, 9), *(NOWHERE.format(number) for number in range(7))])
    rounds.start(url_spec(**OUTAGE))
    _, receipt = rounds.start(url_spec(**OUTAGE))
    assert (receipt["asked_again"], receipt["failed"]) == ({"dns_failed": 7}, {"dns_failed": 7})


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_on(site: Site, fetching: Fetching) -> None:
    fill(fetching, image_urls(site, 4))
    folder = fetching.states / "fetch" / POOL / f"0-{part.state_digest(url_spec())}"
    folder.mkdir(parents=True)
    (folder / BLOBS).symlink_to("/dev/full")
    with pytest.raises(FetchError, match=r"no space is left on the disk of .* and run the same command"):
        fetching.start(url_spec())
    assert not any(path.exists() for path in fetching.outputs)
    (folder / BLOBS).unlink()
    assert fetching.start(url_spec())["stored"] == 4


def test_a_full_disk_under_the_tar_leaves_no_output(
    site: Site, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(fetching, image_urls(site, 4))
    full = fetching.tar.with_name(f".{fetching.tar.name}.{os.getpid()}.tmp")

    def touch(path: Path, **options: Any) -> None:
        if path == full:
            path.symlink_to("/dev/full")
        else:
            made(path, **options)

    made = Path.touch
    with monkeypatch.context() as patch, pytest.raises(FetchError, match="no space is left"):
        patch.setattr(Path, "touch", touch)
        fetching.start(url_spec())
    assert not full.is_symlink() and not any(path.exists() for path in fetching.outputs)
    assert fetching.start(url_spec())["stored"] == 4
    assert site.total() == 4
