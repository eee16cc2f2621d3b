"""The engine against a server that misbehaves: the status, the tries and the body of every answer."""

from collections.abc import Iterator

import pytest

from datalines.fetch.crawl import Answer
from tests.web import pictures
from tests.web.asking import ask, impatient
from tests.web.faults import body, status
from tests.web.server import Site, serve

# {path: (status, tries)}; the pictures themselves are all `ok` to the network.
OUTCOMES = {
    "/ok.jpg": ("ok", 1),
    "/truncated.jpg": ("ok", 1),
    "/page.jpg": ("ok", 1),
    "/unstated.jpg": ("ok", 1),
    "/chunked.jpg": ("ok", 1),
    "/gzip.jpg": ("ok", 1),
    "/moved.jpg": ("ok", 1),
    "/chain/5": ("ok", 1),
    "/opt-out-others.jpg": ("ok", 1),
    "/500-once.jpg": ("ok", 2),
    "/503-rest.jpg": ("ok", 2),
    "/429-once.jpg": ("ok", 2),
    "/429-rest.jpg": ("ok", 2),
    "/429-date.jpg": ("ok", 2),
    "/429-twice.jpg": ("ok", 3),
    "/silence-once.jpg": ("ok", 2),
    "/404.jpg": ("http_404", 1),
    "/410.jpg": ("http_410", 1),
    "/403.jpg": ("http_403", 1),
    "/status/401": ("http_401", 1),
    "/status/451": ("http_451", 1),
    "/status/304": ("http_304", 1),
    "/status/302": ("http_302", 1),
    "/status/206": ("http_206", 1),
    "/status/408": ("http_408", 3),
    "/500.jpg": ("http_500", 3),
    "/status/503": ("http_503", 3),
    "/429.jpg": ("throttled", 3),
    "/silence.jpg": ("timeout", 3),
    "/stall.jpg": ("timeout", 3),
    "/drip.jpg": ("timeout", 3),
    "/reset.jpg": ("connection_lost", 3),
    "/reset-midway.jpg": ("connection_lost", 3),
    "/short.jpg": ("connection_lost", 3),
    "/long.jpg": ("connection_lost", 3),
    "/chunked-torn.jpg": ("connection_lost", 3),
    "/gzip-torn.jpg": ("connection_lost", 3),
    "/gibberish.jpg": ("connection_lost", 3),
    "/empty.jpg": ("empty_body", 1),
    "/brotli.jpg": ("not_an_image", 1),
    "/huge.jpg": ("too_large", 1),
    "/huge-unstated.jpg": ("too_large", 1),
    "/gzip-bomb.jpg": ("too_large", 1),
    "/loop.jpg": ("too_many_redirects", 1),
    "/chain/6": ("too_many_redirects", 1),
    "/moved-removed.jpg": ("removed_image", 1),
    "/removed.png": ("removed_image", 0),
    "/moved-file.jpg": ("refused_scheme", 1),
    "/moved-nowhere.jpg": ("http_302", 1),
    "/moved-private.jpg": ("connect_failed", 2),
    "/moved-odd.jpg": ("connect_failed", 2),
    "/opt-out.jpg": ("opt_out", 1),
    "/opt-out-upper.jpg": ("opt_out", 1),
    "/opt-out-listed.jpg": ("opt_out", 1),
    "/opt-out-lines.jpg": ("opt_out", 1),
    "/opt-out-ours.jpg": ("opt_out", 1),
}


@pytest.fixture
def site() -> Iterator[Site]:
    """A fresh server."""
    with serve() as running:
        yield running


def by_path(answers: list[Answer], site: Site) -> dict[str, Answer]:
    return {answer.url.removeprefix(site.url("")): answer for answer in answers}


def test_every_fault_has_its_status_and_is_tried_as_often_as_it_deserves(site: Site) -> None:
    found = by_path(ask(map(site.url, OUTCOMES)), site)
    assert {path: (answer.status, answer.attempts) for path, answer in found.items()} == OUTCOMES
    for path, answer in found.items():
        assert bool(answer.body) == (answer.status == "ok"), path
        assert bool(answer.message) == (answer.status not in ("ok", "empty_body")), path
        assert answer.origin == "network"
        assert answer.seconds >= 0
    assert found["/moved.jpg"].body == pictures.jpeg()
    assert found["/gzip.jpg"].body == found["/chunked.jpg"].body == pictures.jpeg()
    assert found["/moved.jpg"].final_url == site.url("/ok.jpg")
    assert found["/moved-removed.jpg"].final_url == site.url("/removed.png")
    assert found["/404.jpg"].http_status == 404
    assert found["/ok.jpg"].content_type == "image/jpeg"
    assert found["/silence.jpg"].http_status == 0
    assert found["/drip.jpg"].message == "not done within 1.5 s"
    assert found["/stall.jpg"].message == "nothing came for 0.6 s"
    assert site.count("/removed.png") == 0


def test_a_connection_that_is_reset_once_is_made_again(site: Site) -> None:
    [answer] = ask([site.url("/reset-once.jpg")])
    assert (answer.status, answer.attempts, site.total()) == ("ok", 2, 2)


@pytest.mark.parametrize("path", [path for path, (_, tries) in OUTCOMES.items() if tries == 3])
def test_what_is_counted_is_what_was_sent(site: Site, path: str) -> None:
    [answer] = ask([site.url(path)], impatient(read=0.1, total=0.2))
    assert answer.attempts == site.count(path) == 3


def test_headers_that_are_no_text_can_be_stored(site: Site) -> None:
    site.break_("/odd.jpg", body(b"x", "image/\xff"))
    [answer] = ask([site.url("/odd.jpg")])
    assert (answer.status, answer.content_type) == ("ok", "image/\N{REPLACEMENT CHARACTER}")


def test_headers_of_many_kilobytes_are_read(site: Site) -> None:
    site.break_("/odd.jpg", status(404, [("Content-Security-Policy", "x" * 20_000)]))
    assert ask([site.url("/odd.jpg")])[0].status == "http_404"
