"""Sources from the web in the workflow: what is asked for, what is counted, and what runs again after which change."""

import json
import os
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from tests.web.server import Site, serve
from tests.workflow.web import (
    PICTURES,
    WebCheckout,
    default_rows,
    make_web,
    picture,
    row_id,
    write_list,
    write_takedown,
)

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

Change = Callable[[WebCheckout], None]
SHARED = {"collect_statistics": 1, "collect_pools": 1}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def built(site: Site, tmp_path_factory: pytest.TempPathFactory) -> WebCheckout:
    """A checkout in which everything is built; not to be changed."""
    checkout = make_web(tmp_path_factory.mktemp("web") / "built", site)
    call = checkout.call("all", "mixtures")
    assert call.code == 0, call.text
    return checkout


def test_every_row_is_accounted_for(built: WebCheckout) -> None:
    rows = built.rows()
    assert rows["status"].value_counts().to_dict() == {
        "ok": PICTURES + 2, "http_404": 1, "http_500": 1, "not_an_image": 1,
    }  # fmt: skip
    listed = json.loads((built.results / "lists/wide/manifest.json").read_text())
    assert (listed["rows"], listed["requested"], listed["not_selected"]) == (PICTURES + 6, PICTURES + 5, {"tag": 1})
    manifest = json.loads((built.results / "shards/wide/web/manifest.json").read_text())
    assert manifest["requested"] == manifest["stored"] + sum(manifest["failed"].values())
    assert manifest["stored"] == manifest["samples"] + sum(manifest["dropped"].values())
    # One caption is too short, and one picture is there twice.
    assert manifest["dropped"] == {"excluded": 0, "caption-length": 1, "exact-duplicate": 1}
    page = (built.results / "report/index.html").read_text()
    assert "http_404" in page


def test_a_column_that_a_list_lacks_stops_before_any_job(site: Site, tmp_path: Path) -> None:
    checkout = make_web(tmp_path / "wrong", site)
    checkout.study("caption: text}", "caption: txt}")
    call = checkout.call("mixtures")
    assert call.code != 0 and not checkout.results.exists()
    assert "pools.wide.list.columns.caption: data/wide.tsv has no column 'txt'; did you mean 'text'?" in call.text
    assert "Traceback" not in call.text


def test_a_second_call_asks_for_nothing(built: WebCheckout, site: Site) -> None:
    site.forget()
    call = built.call("all", "mixtures")
    assert call.jobs() == {} and site.total() == 0


def edited(*pairs: tuple[str, str]) -> Change:
    """Some places of the study are changed."""

    def change(checkout: WebCheckout) -> None:
        for old, new in pairs:
            checkout.study(old, new)

    return change


def excluded(checkout: WebCheckout, pool: str, count: int) -> None:
    """The first ids of a pool are taken down."""
    ids = sorted(checkout.rows(pool).query("status == 'ok'")["id"])[:count]
    write_takedown(checkout.data, [f"{pool},{entry}," for entry in ids])


def newer_list(checkout: WebCheckout) -> None:
    """The list has a new time and the same content."""
    os.utime(checkout.data / "wide.tsv")


DATA = {"filter_pool": 1, "write_shards": 1}
WIDE = {**DATA, "mix_shards": 2}
CHANGES: dict[str, tuple[Change, dict[str, int]]] = {
    "a threshold of one pool's filter": (edited(("min: 2}", "min: 3}")), WIDE),
    "a filter that only one mixture reads": (
        edited(("wide: {seed: 0, entries: [{pool: wide, count: all}]}",
                "wide: {seed: 0, entries: [{pool: wide, count: all, filter: keep-all}]}")),
        {"filter_pool": 1, "write_shards": 1, "mix_shards": 1},
    ),
    "a subset of existing shards": (
        edited(("wide: {seed: 0, entries: [{pool: wide, count: all}]}",
                "wide: {seed: 0, entries: [{pool: wide, count: all, subset: long}]}")),
        {"filter_pool": 1, "mix_shards": 1},
    ),
    "a new version of a drawn pool": (
        edited(("    items: 60\n", "    items: 60\n    version: 2\n")), {"download_pool": 1, **DATA, "mix_shards": 2}
    ),
    "a new version of a pool of addresses": (
        edited(("    parts: 3\n", "    parts: 3\n    version: 2\n")), {"read_list": 1, "fetch_pool": 3, **WIDE}
    ),
    "ten ids of the drawn pool taken down": (
        lambda checkout: excluded(checkout, "drawn", 10), {**DATA, "mix_shards": 2}
    ),
    "larger shards": (edited(("    shard_size: 8\n    filter: web", "    shard_size: 16\n    filter: web")),
                      {"write_shards": 1, "mix_shards": 2}),
    "a mixture's seed": (edited(("both: {seed: 0", "both: {seed: 1")), {"mix_shards": 1}),
    "a mixture's size": (edited(("sizes: {full: 30}", "sizes: {full: 30, half: 16}")), {"mix_shards": 1}),
    "another round": (edited(("    parts: 3\n", "    parts: 3\n    rounds: 2\n")), {"fetch_pool": 3, **WIDE}),
    "how images are stored": (
        edited(("    parts: 3\n", "    parts: 3\n    image: {store: resized, side: 32, by: shorter}\n")),
        {"fetch_pool": 3, **WIDE},
    ),
    "duplicates of another pool": (
        edited(("    - {kind: exact-duplicate}\n", "    - {kind: exact-duplicate, pools: [drawn]}\n")), WIDE
    ),
    "a filter by perceptual hashes": (
        edited(("    shard_size: 8\n    filter: web", "    shard_size: 8\n    filter: alike")),
        {"hash_part": 4, **DATA, "mix_shards": 2},
    ),
    "politeness": (edited(("tries: {connect: 1, http: 1}", "tries: {connect: 2, http: 4}")), {}),
    "who can be reached": (edited(("tests@example.org", "other@example.org")), {}),
    "a title": (edited(("title: Wide", "title: Wider")), {}),
    "a list with a new time": (newer_list, {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def plans(built: WebCheckout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int] | Exception]:
    """Jobs that the mixtures would need after each change, by rule; two dry runs at a time."""
    folder = tmp_path_factory.mktemp("changes")

    def plan(entry: tuple[int, str]) -> dict[str, int] | Exception:
        checkout = built.copy(folder / str(entry[0]))
        try:
            CHANGES[entry[1]][0](checkout)
            jobs = checkout.plan("mixtures")
            jobs.pop("mixtures", None)
            return jobs
        except Exception as error:  # it belongs to the one test of this change
            return error

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CHANGES, pool.map(plan, enumerate(CHANGES)), strict=True))


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_of_one_source_makes_again(plans: dict[str, dict[str, int] | Exception], change: str) -> None:
    found = plans[change]
    if isinstance(found, Exception):
        raise found
    assert found == CHANGES[change][1]


def test_an_edited_row_is_asked_for_and_no_other(built: WebCheckout, site: Site, tmp_path: Path) -> None:
    checkout = built.copy(tmp_path / "copy")
    rows = default_rows(site)
    rows.append((site.put("/new.jpg", picture(950)), "a picture that came later", "en"))
    write_list(checkout.data, rows)
    assert checkout.call("lists").code == 0
    assert checkout.plan("pools") == {"fetch_pool": 1, "pools": 1}
    site.forget()
    call = checkout.call("mixtures")
    assert call.jobs() == {"fetch_pool": 1, "filter_pool": 1, "write_shards": 1, "mix_shards": 2, "mixtures": 1}
    assert site.total() == site.count("/new.jpg") == 1
    assert checkout.plan("mixtures") == {}


def test_one_call_after_an_edit_gives_the_same_and_asks_for_no_more(
    built: WebCheckout, site: Site, tmp_path: Path
) -> None:
    edited_rows = [*default_rows(site)[1:], (site.put("/new.jpg", picture(950)), "a picture that came later", "en")]
    checkout = built.copy(tmp_path / "edited")
    write_list(checkout.data, edited_rows)
    site.forget()
    assert checkout.call("mixtures").code == 0
    assert site.total() == site.count("/new.jpg") == 1
    assert checkout.plan("mixtures") == {}
    anew = make_web(tmp_path / "anew", site)
    write_list(anew.data, edited_rows)
    assert anew.call("mixtures").code == 0
    assert comparable(anew) == {name: comparable(checkout).get(name) for name in comparable(anew)}


def comparable(checkout: WebCheckout) -> dict[str, str]:
    """Digests of everything but the tables of attempts, which hold times."""
    return {name: digest for name, digest in checkout.digests().items() if not name.endswith(".attempts.parquet")}


def test_what_is_taken_down_leaves_parts_shards_and_mixtures(built: WebCheckout, site: Site, tmp_path: Path) -> None:
    checkout = built.copy(tmp_path / "copy")
    url, caption, _ = default_rows(site)[3]
    entry = row_id(url, caption)
    shards = checkout.results / "shards/wide/web"
    index = pd.read_parquet(shards / "index.parquet")
    held = index.loc[index["id"] == entry, "shard"].item()
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in shards.glob("*.tar")}
    write_takedown(checkout.data, [f"wide,,{url}"])
    site.forget()
    call = checkout.call("mixtures")
    assert call.code == 0, call.text
    assert site.total() == 0
    after = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in shards.glob("*.tar")}
    assert {name for name in before if before[name] != after.get(name)} == {held}
    for folder in ("pools", "shards", "mixtures", "state"):
        for tar in (checkout.results / folder).rglob("*.tar"):
            with tarfile.open(tar) as archive:
                assert not [name for name in archive.getnames() if name.startswith(entry)], tar
    rows = checkout.rows()
    assert rows.loc[rows["id"] == entry, "status"].item() == "excluded"


def test_what_failed_is_asked_for_again_into_supplement_parts(built: WebCheckout, site: Site, tmp_path: Path) -> None:
    checkout = built.copy(tmp_path / "copy")
    before = {name: digest for name, digest in checkout.digests().items() if name.startswith("pools/wide/")}
    checkout.study("    parts: 3\n", "    parts: 3\n    rounds: 2\n")
    site.put("/500.jpg", picture(960))
    site.forget()
    call = checkout.call("retry")
    site.mend("/500.jpg")
    assert call.jobs() == {"fetch_pool": 3, "retry": 1}
    assert site.total() == site.count("/500.jpg") == 1
    after = checkout.digests()
    assert before and {name: after[name] for name in before} == before
    assert checkout.call("mixtures").code == 0
    manifest = json.loads((checkout.results / "shards/wide/web/manifest.json").read_text())
    assert (manifest["requested"], manifest["stored"]) == (PICTURES + 5, PICTURES + 3)
    assert manifest["failed"] == {"http_404": 1, "not_an_image": 1}


def test_killed_in_every_stage_it_ends_as_if_it_had_not_been(built: WebCheckout, site: Site, tmp_path: Path) -> None:
    checkout = make_web(tmp_path / "killed", site)
    for stage in ("read_list", "fetch_pool", "filter_pool", "write_shards", "mix_shards"):
        assert checkout.killed_in(stage, "mixtures"), stage
        checkout.release()
    call = checkout.call("mixtures")
    assert call.code == 0, call.text
    ours, whole = comparable(checkout), comparable(built)
    assert ours == {name: whole.get(name) for name in ours}
    assert {name for name in whole if name.startswith(("lists/", "pools/", "shards/", "mixtures/"))} <= set(ours)
