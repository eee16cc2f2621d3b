"""URLs in one spelling, refused schemes and hosts, and which addresses are public."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.fetch.addresses import (
    MAX_URL,
    PLAIN_URL,
    AddressError,
    canonical_host,
    canonical_url,
    check_host,
    is_public,
    literal_ip,
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("http://example.com/a.jpg", "http://example.com/a.jpg"),
        ("  HTTP://ExAmple.COM:80/A.jpg#top\n", "http://example.com/A.jpg"),
        ("https://example.com:443", "https://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("http://example.com.:/a", "http://example.com/a"),
        ("http://example.com/a?", "http://example.com/a"),
        ("http://example.com/a b?c d", "http://example.com/a%20b?c%20d"),
        ("http://example.com/%7Efoo/%2Fx?u=http%3A%2F%2Fy", "http://example.com/%7Efoo/%2Fx?u=http%3A%2F%2Fy"),
        ("http://example.com/a/../b/./c/..", "http://example.com/b/"),
        ("http://example.com/../../a", "http://example.com/a"),
        ("http://example.com//a//b", "http://example.com//a//b"),
        ("http://example.com/100%", "http://example.com/100%"),
        ("http://example.com/{a}|b\\c", "http://example.com/%7Ba%7D%7Cb%5Cc"),
        ("https://münchen.de/ä?ö=ü", "https://xn--mnchen-3ya.de/%C3%A4?%C3%B6=%C3%BC"),
        ("http://ｅｘａｍｐｌｅ.com/", "http://example.com/"),
        ("http://my_host/a", "http://my_host/a"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://2130706433/a", "http://127.0.0.1/a"),
        ("http://0x7f.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://0177.0.0.01/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://[::0001]:8080/a", "http://[::1]:8080/a"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)
def test_a_url_has_one_spelling(written: str, canonical: str) -> None:
    # Python's own spelling of a mapped address differs between its releases.
    spellings = {canonical, canonical.replace("7f00:1", "127.0.0.1")}
    assert canonical_url(written) in spellings
    assert canonical_url(canonical_url(written)) == canonical_url(written)


@pytest.mark.parametrize(
    "text", ["ftp://h/a", "file:///etc/passwd", "data:image/png;base64,aaaa", "javascript:alert(1)"]
)
def test_other_schemes_are_refused(text: str) -> None:
    with pytest.raises(AddressError, match=r"^scheme ") as caught:
        canonical_url(text)
    assert caught.value.status == "refused_scheme"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "//example.com/a",
        "example.com/a.jpg",
        "http:",
        "http:///a",
        "http://",
        "http://a b/",
        "http://a..b/",
        "http://a.com:0/",
        "http://a.com:99999/",
        "http://a.com:x/",
        "http://user:secret@a.com/",
        "http://h\\@evil/",
        "http://a.com/\x00",
        "http://a.com/\nb",
        "http://a.com/\ud800",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "http://4294967296/",
        "http://a.09/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[zz]/",
        "http://" + "a" * 64 + ".com/",
        "http://" + ".".join(["a" * 60] * 5) + ".com/",
        "http://a.com/" + "a" * MAX_URL,
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        canonical_url(text)
    assert caught.value.status == "invalid_url"


@given(
    st.text(max_size=60),
    st.sampled_from(["", "http://", "https://", "http://a.com/", "http://a.com/?", "HTTP://B.org:80/"]),
)
def test_any_text_is_refused_or_has_one_spelling(text: str, start: str) -> None:
    try:
        canonical = canonical_url(start + text)
    except AddressError as error:
        assert error.status in ("invalid_url", "refused_scheme")
        return
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()
    assert not re.search(r"[\s#]", canonical)


@given(st.from_regex(PLAIN_URL, fullmatch=True))
def test_a_plain_url_is_canonical_as_it_stands(url: str) -> None:
    url = url.rstrip("\n")
    assert canonical_url(url) == url
    # The same answer without the short cut: a fragment makes a URL one that is not plain.
    assert canonical_url(f"{url}#top") == url


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001::1",
        "3fff::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "::1", "::ffff:127.0.0.1"])
def test_odd_spellings_of_this_machine_are_seen_through(host: str) -> None:
    name = canonical_host(host)
    assert literal_ip(name) is not None
    with pytest.raises(AddressError, match="is not a public address") as caught:
        check_host(name, allow_private=False)
    assert caught.value.status == "refused_address"
    check_host(name, allow_private=True)


def test_a_name_is_not_judged_before_its_lookup() -> None:
    assert literal_ip("localhost") is None
    check_host("localhost", allow_private=False)
