"""Names, addresses and TLS: what cannot be reached is told from what may not be reached."""

import asyncio
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from datalines.fetch import addresses, resolver
from datalines.fetch.resolver import RefusedAddressError, Resolver, UnresolvedError, checked_socket, system_lookup
from tests.web.asking import ask, impatient
from tests.web.faults import location
from tests.web.server import Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    """A fresh server."""
    with serve() as running:
        yield running


@pytest.fixture
def one_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as the public internet, everything else on this machine does not."""

    def is_public(address: object) -> bool:
        return str(address) == "127.0.0.1"

    monkeypatch.setattr(resolver, "is_public", is_public)
    monkeypatch.setattr(addresses, "is_public", is_public)


def test_an_unknown_name_is_no_dead_link(
    site: Site, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalines.fetch.crawl.FAILED_SECONDS", 0.1)
    monkeypatch.setattr(resolver, "FAILED_SECONDS", 0.1)
    names["here.test"] = ["127.0.0.1"]
    found = {
        answer.url: answer for answer in ask([site.url("/404.jpg", "here.test"), site.url("/ok.jpg", "gone.test")])
    }
    assert found[site.url("/404.jpg", "here.test")].status == "http_404"
    gone = found[site.url("/ok.jpg", "gone.test")]
    assert (gone.status, gone.attempts, gone.message) == ("dns_failed", 2, "gone.test: unknown name")


def test_a_resolver_that_fails_is_told_from_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(resolver.socket, "getaddrinfo", fail)
    [answer] = ask(["http://here.test/a.jpg"], impatient(connect_tries=1))
    assert (answer.status, answer.message) == ("dns_failed", "here.test: temporary failure in name resolution")


def test_a_name_that_is_known_at_the_second_try_is_found(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()

    def late(host: str) -> list[str]:
        calls[host] += 1
        if calls[host] == 1:
            raise UnresolvedError(socket.EAI_AGAIN, "later")
        return ["127.0.0.1"]

    monkeypatch.setattr(resolver, "system_lookup", late)
    monkeypatch.setattr("datalines.fetch.crawl.FAILED_SECONDS", 0.1)
    monkeypatch.setattr(resolver, "FAILED_SECONDS", 0.1)
    [answer] = ask([site.url("/ok.jpg", "here.test")])
    assert (answer.status, answer.attempts, calls["here.test"]) == ("ok", 2, 2)


def test_names_with_nonsense_in_them_are_unknown() -> None:
    with pytest.raises(UnresolvedError):
        system_lookup(f"{'a' * 70}.invalid")


def test_this_machine_by_its_name_is_refused(site: Site) -> None:
    [answer] = ask([site.url("/ok.jpg", "localhost")], impatient(allow_private=False))
    assert answer.status == "refused_address"
    assert "is not a public address" in answer.message
    assert site.total() == 0
    assert ask([site.url("/ok.jpg", "localhost")])[0].status == "ok"


@pytest.mark.usefixtures("one_public")
def test_a_redirect_to_a_private_address_is_refused(site: Site, names: dict[str, list[str]]) -> None:
    names["inside.test"] = ["127.0.0.3"]
    site.break_("/moved-name.jpg", location(site.url("/ok.jpg", "inside.test")))
    site.break_("/moved-decimal.jpg", location("http://2130706434/ok.jpg"))
    paths = ["/moved-private.jpg", "/moved-odd.jpg", "/moved-name.jpg", "/moved-decimal.jpg"]
    answers = ask(map(site.url, paths), impatient(allow_private=False))
    assert {answer.status for answer in answers} == {"refused_address"}
    assert {answer.http_status for answer in answers} <= {0, 302}
    assert site.count("/ok.jpg") == 0


@pytest.mark.usefixtures("one_public")
def test_a_name_that_changes_its_address_leads_nowhere_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"], ["127.0.0.2"]])
    made: list[str] = []
    monkeypatch.setattr(resolver, "system_lookup", lambda _: next(lookups))
    original = resolver.checked_socket

    def noted(family: int, kind: int, proto: int, address: str, allow_private: bool) -> socket.socket:
        made.append(address)
        return original(family, kind, proto, address, allow_private)

    monkeypatch.setattr("datalines.fetch.client.checked_socket", noted)
    policy = impatient(allow_private=False)
    answers = ask([site.url("/ok.jpg", "rebind.test")] * 20, policy)
    assert {answer.status for answer in answers} == {"ok"}
    assert set(made) == {"127.0.0.1"}
    assert next(lookups) == ["127.0.0.2"], "one lookup must serve the whole crawl"
    [later] = ask([site.url("/ok.jpg", "rebind.test")], policy)
    assert later.status == "refused_address"
    assert set(made) == {"127.0.0.1"}


def test_public_addresses_of_a_mixed_name_are_used_and_the_cache_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    found = iter([["10.0.0.1", "1.1.1.1", "1.1.1.1"], ["10.0.0.1"]])
    monkeypatch.setattr(resolver, "system_lookup", lambda _: next(found))

    async def walk() -> None:
        names = Resolver(2, allow_private=False, clock=lambda: now[0])
        assert not names.is_fresh("mixed.test")
        assert [one["host"] for one in await names.resolve("mixed.test", 80)] == ["1.1.1.1"]
        now[0] = 299.0
        assert names.is_fresh("mixed.test")
        now[0] = 301.0
        assert not names.is_fresh("mixed.test")
        assert [one["host"] for one in await names.resolve("mixed.test", 80)] == ["1.1.1.1"]
        await names.look_up("mixed.test")
        with pytest.raises(RefusedAddressError, match=r"10\.0\.0\.1, which is not a public address"):
            await names.resolve("mixed.test", 80)
        assert names.is_fresh("1.1.1.1")
        await names.close()

    asyncio.run(walk())


def test_lookups_of_one_name_are_shared_and_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, under_way, most = Counter[str](), Counter[str](), 0

    def slow(host: str) -> list[str]:
        nonlocal most
        calls[host] += 1
        under_way["all"] += 1
        most = max(most, under_way["all"])
        time.sleep(0.02)
        under_way["all"] -= 1
        return ["1.1.1.1"]

    monkeypatch.setattr(resolver, "system_lookup", slow)

    async def many() -> None:
        names = Resolver(3, allow_private=False)
        await asyncio.gather(*(names.look_up(f"h{number % 10}.test") for number in range(50)))
        await names.close()

    asyncio.run(many())
    assert calls == {f"h{number}.test": 1 for number in range(10)}
    assert most <= 3


def test_the_last_check_is_that_of_the_socket() -> None:
    with pytest.raises(RefusedAddressError, match=r"127\.0\.0\.1 is not a public address"):
        checked_socket(socket.AF_INET, socket.SOCK_STREAM, 6, "127.0.0.1", allow_private=False)
    checked_socket(socket.AF_INET, socket.SOCK_STREAM, 6, "127.0.0.1", allow_private=True).close()


def test_a_socket_that_is_refused_ends_the_request_even_if_the_name_was_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver.Resolver, "_allowed", lambda _self, _host, found: tuple(found))
    [answer] = ask([site.url("/ok.jpg", "localhost")], impatient(allow_private=False))
    assert answer.status == "refused_address"
    assert site.total() == 0


def test_nobody_listening_is_a_failed_connection() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    [answer] = ask([f"http://127.0.0.1:{port}/a.jpg"], impatient(connect_tries=3))
    assert (answer.status, answer.attempts, answer.http_status) == ("connect_failed", 3, 0)


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    """A server that speaks TLS and calls itself localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serve(tls=context) as running:
        yield running


def test_a_certificate_that_nobody_vouches_for_is_no_dead_link(secure: Site) -> None:
    [answer] = ask([secure.url("/ok.jpg", "localhost")])
    assert (answer.status, answer.attempts) == ("tls_failed", 2)
    assert "certificate" in answer.message.lower()
    assert secure.total() == 0


def test_a_certificate_counts_for_its_name_only(
    secure: Site, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    found = {
        answer.url: answer.status for answer in ask(secure.url("/ok.jpg", host) for host in ("localhost", "127.0.0.1"))
    }
    assert found == {secure.url("/ok.jpg", "localhost"): "ok", secure.url("/ok.jpg", "127.0.0.1"): "tls_failed"}


def test_plain_http_behind_https_is_a_tls_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_plainly() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer_plainly, daemon=True)
        thread.start()
        [answer] = ask([f"https://127.0.0.1:{server.getsockname()[1]}/a.jpg"], impatient(connect_tries=1))
        thread.join(5)
    assert answer.status == "tls_failed"
