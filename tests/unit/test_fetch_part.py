"""A fetched part: every requested row has a status, and what is stored is what the site sent."""

import hashlib
import logging
import signal
import tarfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from datalines.errors import CountError, FetchError
from datalines.fetch import asking, img2dataset, workers
from datalines.fetch.crawl import Answer
from datalines.files import sha256_file
from datalines.images import decode
from datalines.pools.partfiles import COLUMNS
from tests.unit.url_lists import NOWHERE, POOL, Entry, Fetching, fill, image_urls, url_spec, write_list
from tests.web import pictures
from tests.web.server import Site

FAULTS = {
    "ok": "ok.jpg ok.png ok.webp ok.gif grey.jpg cmyk.jpg palette.png rgba.png sixteen.png sixteen.tiff animated.gif "
    "animated.webp rotated.jpg small.jpg large.jpg 500-once.jpg 503-rest.jpg 429-once.jpg 429-rest.jpg 429-date.jpg "
    "silence-once.jpg reset-once.jpg unstated.jpg chunked.jpg gzip.jpg moved.jpg opt-out-others.jpg chain/3",
    "http_404": "404.jpg no/such/path.jpg",
    "http_410": "410.jpg",
    "http_403": "403.jpg",
    "http_500": "500.jpg",
    "http_451": "status/451",
    "throttled": "429.jpg",
    "timeout": "silence.jpg stall.jpg drip.jpg",
    "connection_lost": "reset.jpg reset-midway.jpg short.jpg long.jpg chunked-torn.jpg gibberish.jpg gzip-torn.jpg",
    "too_large": "huge.jpg huge-unstated.jpg gzip-bomb.jpg",
    "too_many_redirects": "loop.jpg chain/9",
    "refused_scheme": "moved-file.jpg",
    "removed_image": "moved-removed.jpg removed.png",
    "opt_out": "opt-out.jpg opt-out-upper.jpg opt-out-listed.jpg opt-out-lines.jpg opt-out-ours.jpg",
    "connect_failed": "moved-private.jpg moved-odd.jpg",
    "empty_body": "empty.jpg",
    "not_an_image": "page.jpg",
    "undecodable_image": "truncated.jpg",
    "too_many_pixels": "bomb.png",
    "too_small": "pixel.png",
}


def failed(rows: pd.DataFrame) -> dict[str, int]:
    return dict(sorted(Counter(rows["status"][rows["status"] != "ok"]).items()))


def test_every_fault_of_the_web_ends_as_its_status(site: Site, fetching: Fetching) -> None:
    expected = {site.url(f"/{path}"): status for status, paths in FAULTS.items() for path in paths.split()}
    expected[NOWHERE.format(0)] = "dns_failed"
    fill(fetching, list(expected))
    spec = url_spec(
        timeout={"connect": 2.0, "read": 1.5, "total": 3.0}, backoff={"base": 0.01, "cap": 0.05, "retry_after": 9}
    )
    receipt, rows = fetching.start(spec), fetching.rows()
    assert dict(zip(rows["url"], rows["status"], strict=True)) == expected
    assert receipt["requested"] == len(rows) == len(expected)
    assert receipt["failed"] == failed(rows)
    assert receipt["stored"] + sum(receipt["failed"].values()) == receipt["requested"]
    assert rows[rows["status"] != "ok"][["offset", "bytes", "width", "height"]].to_numpy().sum() == 0


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("/429-day.jpg", {}, "throttled"),
        ("/animated.gif", {"image": {"animated": "refuse"}}, "animated"),
        ("/ok.jpg", {"allow_private": False}, "refused_address"),
        ("/ok.jpg", {"image": {"min_side": 49}}, "too_small"),
        ("/ok.jpg", {"image": {"max_pixels": 3000}}, "too_many_pixels"),
        ("/ok.jpg", {"max_bytes": 1000}, "too_large"),
    ],
)
def test_what_the_pool_refuses(site: Site, fetching: Fetching, path: str, changes: dict[str, Any], status: str) -> None:
    fill(fetching, [site.url(path)])
    assert fetching.start(url_spec(**changes))["failed"] == {status: 1}


def test_rows_and_tar_hold_the_images_in_the_order_of_the_ids(site: Site, fetching: Fetching) -> None:
    bodies = {site.put(f"/{n}.jpg", pictures.jpeg(40, 30, n)): pictures.jpeg(40, 30, n) for n in range(6)}
    entries = [Entry(url, f"Bild {url} – 猫", facts={"nsfw": "no", "score": 0.5}) for url in bodies]
    write_list(fetching.listing, entries, {"nsfw": "text", "score": "number"})
    receipt, rows = fetching.start(url_spec()), fetching.rows()
    assert list(rows.columns) == [*COLUMNS.names, "fact.nsfw", "fact.score"]
    assert rows["id"].tolist() == sorted(entry.id for entry in entries)
    assert set(rows["fact.nsfw"]) == {"no"} and set(rows["fact.score"]) == {0.5} and rows["label"].isna().all()
    by_id = {entry.id: entry for entry in entries}
    tar = fetching.tar.read_bytes()
    for row in rows.to_dict("records"):
        entry = by_id[row["id"]]
        assert (row["key"], row["url"], row["caption"]) == (entry.key, entry.url, entry.caption)
        assert (row["status"], row["message"], row["extension"]) == ("ok", "", "jpg")
        data = tar[row["offset"] : row["offset"] + row["bytes"]]
        assert data == bodies[row["url"]] and row["sha256"] == hashlib.sha256(data).hexdigest()
        assert decode(data).size == (row["width"], row["height"])
    with tarfile.open(fetching.tar) as archive:
        assert archive.getnames() == [f"{identity}.jpg" for identity in rows["id"]]
    for name, path in (("tar", fetching.tar), ("rows", fetching.rows_path)):
        assert receipt[name] == {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_file(path)}
    assert (receipt["pool"], receipt["part"], receipt["kind"], receipt["version"]) == (POOL, "0", "urls", "1")
    assert (receipt["round"], receipt["asked_again"]) == (0, {})
    assert receipt["attempts"] == {"path": "0.attempts.parquet", "rows": 6}


def test_resized_images_are_stored_and_the_attempts_know_the_original(site: Site, fetching: Fetching) -> None:
    body = pictures.jpeg(200, 100)
    fill(fetching, [site.put("/wide.jpg", body)])
    redcaps = {"store": "resized", "side": 1000, "by": "longer", "upscale": True}
    before = time.time()
    receipt = fetching.start(url_spec(image=redcaps))
    (row,), (attempt,) = fetching.rows().to_dict("records"), fetching.attempts().to_dict("records")
    assert (row["width"], row["height"], row["extension"]) == (1000, 500, "jpg")
    assert attempt["sha256"] == hashlib.sha256(body).hexdigest() != row["sha256"]
    assert (attempt["bytes"], attempt["attempts"], attempt["http_status"]) == (len(body), 1, 200)
    assert (attempt["from"], attempt["content_type"], attempt["final_url"]) == ("network", "image/jpeg", row["url"])
    assert before - 1 < attempt["started"].timestamp() < time.time() + 1 and 0 <= attempt["seconds"] < 5
    assert receipt["decoder"].startswith("pillow ")


def test_rows_that_the_list_refused_pass_through_without_a_request(site: Site, fetching: Fetching) -> None:
    good = Entry(site.url("/ok.jpg"))
    bad = [
        Entry("", "x", status="malformed_row", message="3 fields"),
        Entry(site.url("/ok.png"), "", status="empty_caption"),
        Entry("ftp://a/b.jpg", "y", status="refused_scheme", message="ftp"),
    ]
    write_list(fetching.listing, [good, *bad])
    receipt = fetching.start(url_spec())
    assert (receipt["requested"], receipt["stored"]) == (4, 1)
    assert receipt["failed"] == {"empty_caption": 1, "malformed_row": 1, "refused_scheme": 1}
    assert site.total() == 1
    rows = fetching.rows().set_index("id")
    assert rows.loc[bad[0].id, "message"] == "3 fields" and rows.loc[bad[1].id, "caption"] == ""
    attempts = fetching.attempts().set_index("id").loc[[entry.id for entry in bad]]
    assert set(attempts["from"]) == {"list"} and attempts["attempts"].sum() == 0 and attempts["started"].isna().all()


def test_one_url_with_two_captions_is_one_request_and_two_rows(site: Site, fetching: Fetching) -> None:
    url = site.url("/ok.jpg")
    write_list(fetching.listing, [Entry(url, "a cat"), Entry(url, "ein Kater"), Entry(url, "chat")])
    assert fetching.start(url_spec())["stored"] == 3
    assert site.count("/ok.jpg") == 1
    rows, attempts = fetching.rows(), fetching.attempts()
    assert rows["sha256"].nunique() == 1 and rows["offset"].nunique() == 3
    assert attempts["from"].tolist() == ["network", "same_url", "same_url"]
    assert attempts["attempts"].tolist() == [1, 0, 0]
    assert attempts["sha256"].nunique() == 1 and attempts["started"].notna().tolist() == [True, False, False]


def test_a_part_without_rows_is_a_part(fetching: Fetching) -> None:
    write_list(fetching.listing, [], {"score": "number"})
    receipt = fetching.start(url_spec())
    assert (receipt["requested"], receipt["stored"], receipt["failed"]) == (0, 0, {})
    assert list(fetching.rows().columns) == [*COLUMNS.names, "fact.score"] and len(fetching.attempts()) == 0


def test_images_of_a_mirror_are_taken_without_the_network(
    fetching: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mirror" / "photos.example.org"
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"{number}.jpg").write_bytes(pictures.jpeg(seed=number))
    monkeypatch.setenv("DATALINES_MIRROR", str(tmp_path / "mirror"))
    fill(fetching, [f"http://photos.example.org/{number}.jpg" for number in range(30)])
    assert fetching.start(url_spec())["stored"] == 30
    attempts = fetching.attempts()
    assert set(attempts["from"]) == {"mirror"} and attempts["attempts"].sum() == 0


def test_bytes_that_the_list_did_not_expect_are_a_mismatch(site: Site, fetching: Fetching) -> None:
    body = pictures.jpeg()
    right, wrong, url = hashlib.sha256(body).hexdigest(), "0" * 64, site.put("/hashed.jpg", body)
    same = Entry(url, "right", expected_sha256=right.upper())
    other = Entry(url, "wrong", expected_sha256=wrong)
    write_list(fetching.listing, [same, other])
    assert fetching.start(url_spec())["failed"] == {"hash_mismatch": 1}
    rows = fetching.rows().set_index("id")
    assert rows.loc[same.id, "status"] == "ok"
    assert rows.loc[other.id, "message"] == f"the list expects sha256 {wrong}, the bytes have {right}"
    assert set(fetching.attempts()["sha256"]) == {right}


def test_a_mismatch_is_asked_again_only_when_the_list_expects_something_else(site: Site, fetching: Fetching) -> None:
    body = pictures.jpeg()
    entry = Entry(site.put("/hashed.jpg", body), expected_sha256="0" * 64)
    for expected, stored, requests in (("0" * 64, 0, 1), ("1" * 64, 0, 1), (hashlib.sha256(body).hexdigest(), 1, 2)):
        write_list(fetching.listing, [replace(entry, expected_sha256=expected)])
        assert fetching.start(url_spec())["stored"] == stored
        assert site.count("/hashed.jpg") == requests


def test_an_unsorted_list_is_an_error(site: Site, fetching: Fetching) -> None:
    fill(fetching, [site.url("/ok.jpg"), site.url("/ok.png")])
    table = pq.read_table(fetching.listing)
    pq.write_table(table.take([1, 0]), fetching.listing)
    with pytest.raises(CountError, match="ids are not sorted or stand twice"):
        fetching.start(url_spec())


def progress_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "asked," in record.getMessage()]


def test_progress_is_told_now_and_then(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(asking.time, "monotonic", lambda: clock[0])
    caplog.set_level(logging.INFO)
    progress = asking.Progress(40)
    for second in range(25):
        clock[0] = 100.0 + second
        progress.add("http_404" if second == 3 else "ok")
    assert progress_lines(caplog) == [
        "11/40 asked, 10 ok, failed: 1 http_404; 1.0 images/s",
        "21/40 asked, 20 ok, failed: 1 http_404; 1.0 images/s",
    ]


def test_a_fetch_tells_its_progress_and_its_end(
    site: Site, fetching: Fetching, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PROGRESS_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    fill(fetching, [*image_urls(site, 4), site.url("/404.jpg")])
    fetching.start(url_spec())
    lines = progress_lines(caplog)
    assert [line.partition(" ")[0] for line in lines[:5]] == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert lines[-1].startswith("5/5 asked, 4 ok, failed: 1 http_404; ") and lines[-1].endswith("images/s")


def answer(url: str, body: bytes) -> Answer:
    return Answer(url, "ok", "", 1, time.time(), 0.1, url, 200, "network", "image/jpeg", body)


def test_another_back_end_hands_over_its_answers(
    site: Site, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []

    def outcomes(spec: dict[str, Any], urls: Any, folder: Path) -> Iterator[Answer]:
        folder.mkdir()
        folders.append(folder)
        for url in urls:
            yield answer(url, pictures.jpeg())

    monkeypatch.setattr(img2dataset, "outcomes", outcomes)
    fill(fetching, ["http://a.example/1.jpg", "http://a.example/2.jpg"])
    assert fetching.start(url_spec(backend="img2dataset"))["stored"] == 2
    assert site.total() == 0 and not folders[0].exists()


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        (["http://a/1", "http://a/1", "http://a/2"], "http://a/1 was answered and not asked for, or answered twice"),
        (["http://a/1", "http://a/3"], "http://a/3 was answered and not asked for"),
        (["http://a/2"], "1 URLs got no answer, such as http://a/1"),
    ],
)
def test_answers_that_do_not_add_up_are_a_count_error(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch, urls: list[str], message: str
) -> None:
    async def crawl(requests: Any, policy: Any) -> AsyncIterator[Answer]:
        for url in urls:
            yield answer(url, pictures.jpeg())

    monkeypatch.setattr(asking, "crawl", crawl)
    fill(fetching, ["http://a/1", "http://a/2"])
    with pytest.raises(CountError, match=message):
        fetching.start(url_spec())


def test_an_image_that_ends_its_decoder_is_undecodable_and_the_others_are_stored(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [f"http://a/{number}" for number in range(12)]
    bodies = {url: pictures.jpeg(seed=number) for number, url in enumerate(urls)}
    bodies |= {urls[3]: b"deadly 3", urls[8]: b"deadly 8"}

    async def crawl(requests: Any, policy: Any) -> AsyncIterator[Answer]:
        for request in requests:
            yield answer(request.url, bodies[request.url])

    monkeypatch.setattr(asking, "crawl", crawl)
    monkeypatch.setattr(workers, "PROGRAM", "tests.unit.deadly_worker")
    fill(fetching, urls)
    assert fetching.start(url_spec())["failed"] == {"undecodable_image": 2}
    rows = fetching.rows().set_index("url")
    assert {url for url in urls if rows.loc[url, "status"] != "ok"} == {urls[3], urls[8]}
    assert rows.loc[urls[3], "message"] == f"the process that decoded it ended with status {-signal.SIGABRT}"


def test_image_processes_that_cannot_start_do_not_make_images_undecodable(
    site: Site, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PROGRAM", "tests.unit.no_such_worker")
    fill(fetching, [site.url("/ok.jpg")])
    with pytest.raises(FetchError, match="an image process ended before its first image"):
        fetching.start(url_spec())
    assert not any(path.exists() for path in fetching.outputs)
