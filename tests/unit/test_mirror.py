"""A URL has one place in the mirror, no URL leads out of it, and only files inside it are found."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.fetch.addresses import canonical_url
from datalines.fetch.mirror import LONGEST_NAME, VARIABLE, MirrorError, hashed_place, mirror, mirrored, place

PIECES = st.sampled_from(
    ["a", "b.jpg", "%2F", "%2e", "..", ".", "/", "?", "=", "%25", "%41", "é", "%C3%A9", "%E9", " "]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty mirror beside a file that does not belong to it."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "secret").write_text("not for the mirror")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def put(folder: Path, name: str | Path) -> Path:
    """A file of the mirror."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/b.jpg", "example.org/a/b.jpg"),
        ("HTTPS://Example.ORG:443/a/b.jpg#top", "example.org/a/b.jpg"),
        ("http://example.org:8080/b.jpg", "example.org:8080/b.jpg"),
        ("http://127.1/b.jpg", "127.0.0.1/b.jpg"),
        ("http://[::1]:80/b.jpg", "[::1]/b.jpg"),
        ("http://müller.example/ü.jpg", "xn--mller-kva.example/ü.jpg"),
        ("http://example.org/a%20b.jpg", "example.org/a b.jpg"),
        ("http://example.org/caf%C3%A9.jpg", "example.org/café.jpg"),
        ("http://example.org/caf%E9.jpg", "example.org/caf%E9.jpg"),
        ("http://example.org/b.jpg?size=large&w=1", "example.org/b.jpg?size=large&w=1"),
        ("http://example.org/show?file=a/../b.jpg", "example.org/show?file=a%2F..%2Fb.jpg"),
        ("http://example.org/a%2Fb%3Fc%25.jpg", "example.org/a%2Fb%3Fc%25.jpg"),
        ("http://example.org/a%00%0Ab.jpg", "example.org/a%00%0Ab.jpg"),
        ("http://example.org/a/../../b.jpg", "example.org/b.jpg"),
        (f"http://example.org/{'a' * LONGEST_NAME}", f"example.org/{'a' * LONGEST_NAME}"),
    ],
)
def test_the_place_of_a_url(url: str, name: str) -> None:
    assert str(place(url)) == name


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://example.org/a/",
        "http://example.org//a.jpg",
        f"http://example.org/{'a' * (LONGEST_NAME + 1)}.jpg",
        f"http://example.org/{'%C3%A9' * 128}",
        "http://example.org/" + "/".join(["folder"] * 300) + "/a.jpg",
    ],
)
def test_a_path_that_is_no_file_name_is_stored_by_its_digest(url: str) -> None:
    digest = hashlib.sha256(canonical_url(url).encode()).hexdigest()
    assert place(url) == hashed_place(url) == Path("example.org", digest)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_url_leads_out_of_its_hosts_folder(path: str) -> None:
    where = place(f"http://example.org/{path}")
    assert where.parts[0] == "example.org"
    assert len(where.parts) > 1
    assert not {"..", ".", "/"} & set(where.parts)


@given(st.lists(PIECES, max_size=6).map("".join), st.lists(PIECES, max_size=6).map("".join))
def test_a_place_is_shared_only_by_spellings_of_one_address(one: str, other: str) -> None:
    urls = [canonical_url(f"http://example.org/{path}") for path in (one, other)]
    spellings = {url.replace("%41", "A").replace("%2e", ".") for url in urls}
    if place(urls[0]) == place(urls[1]):
        assert len(spellings) == 1


@pytest.mark.parametrize("url", ["", "a.jpg", "ftp://example.org/a.jpg", "http://../a.jpg", "http://[::1/a", "http://"])
def test_what_is_no_url_has_no_file(folder: Path, url: str) -> None:
    assert mirrored(url) is None
    with pytest.raises(ValueError, match=r"."):
        place(url)


def test_without_a_mirror_nothing_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "example.org/a.jpg")
    monkeypatch.setenv(VARIABLE, "")
    assert mirrored("http://example.org/a.jpg") is None
    monkeypatch.delenv(VARIABLE)
    assert mirror() is None
    assert mirrored("http://example.org/a.jpg") is None


@pytest.mark.parametrize("name", ["gone", "secret"])
def test_a_mirror_that_is_no_folder_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(VARIABLE, str(folder.parent / name))
    with pytest.raises(MirrorError, match=rf"\$DATALINES_MIRROR is .*{name}, which is not a folder; correct it"):
        mirrored("http://example.org/a.jpg")


def test_files_are_found_under_either_name_and_folders_are_not(folder: Path) -> None:
    url = "http://example.org/a"
    assert mirrored(url) is None
    (folder / "example.org" / "a").mkdir(parents=True)
    assert mirrored(url) is None
    by_digest = put(folder, hashed_place(url))
    assert mirrored(url) == by_digest
    (folder / "example.org" / "a").rmdir()
    by_name = put(folder, "example.org/a")
    assert mirrored(url) == by_name
    assert mirrored("http://example.org/a?b") is None


def test_links_inside_the_mirror_are_followed_and_others_are_not(folder: Path) -> None:
    put(folder, "example.org/a.jpg")
    (folder / "example.org" / "b.jpg").symlink_to("a.jpg")
    (folder / "example.org" / "out.jpg").symlink_to(folder.parent / "secret")
    (folder / "example.org" / "up").symlink_to(folder.parent)
    (folder / "example.org" / "dangling.jpg").symlink_to("gone.jpg")
    assert mirrored("http://example.org/b.jpg") == folder / "example.org" / "b.jpg"
    for name in ("out.jpg", "up/secret", "dangling.jpg"):
        assert mirrored(f"http://example.org/{name}") is None


def test_the_mirror_itself_may_be_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "example.org/a.jpg")
    (folder.parent / "link").symlink_to("mirror")
    monkeypatch.setenv(VARIABLE, str(folder.parent / "link"))
    assert mirrored("http://example.org/a.jpg") == folder.parent / "link" / "example.org" / "a.jpg"
