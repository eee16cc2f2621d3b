"""What must be there before any job starts, beside the folders and archives of `paths`: lists, contact, weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalines.config.downloads import Downloadable, is_address
from datalines.config.errors import Findings, Loc
from datalines.config.filters import ClipScore
from datalines.config.paths import expand, first_existing, matching, missing_text, unset_text, unset_variable
from datalines.config.pools import UrlsPool
from datalines.config.urlpools import fetch_spec, manners, url_list
from datalines.fetch.mirror import mirrored

if TYPE_CHECKING:
    from datalines.config.study import Study

NO_CONTACT = (
    "is missing; every request tells the site's owner whom to write to. Set fetch: {contact: you@example.org}, "
    "or for one call: --config 'fetch={contact: you@example.org}'"
)


def check_list(study: Study, name: str, pool: UrlsPool, found: Findings) -> None:
    """Note a list that cannot be found, and requests that would tell nobody whom to complain to."""
    if fetch_spec(study, pool)["contact"] is None:
        found.add(("fetch", "contact"), NO_CONTACT)
    declared = url_list(study, pool)
    if declared is None:
        text = f"is missing; the card {pool.source} names no list that can be obtained"
        found.add(("pools", name, "path"), f"{text}. Bring your own: write where it lies")
        return
    loc: Loc = ("pools", name, "list", "path") if pool.list is not None else ("pools", name, "path")
    for path in [declared.path] if isinstance(declared.path, str) else declared.path:
        if not is_address(path):
            _check_file(loc, path, found)


def check_contact(study: Study, spec: object, found: Findings) -> None:
    """Note that an archive would be asked for by its address, and nobody be told whom to complain to."""
    if not isinstance(spec, Downloadable) or manners(study)["contact"] is not None:
        return
    path = spec.path if isinstance(spec.path, str) else spec.path[-1]
    if is_address(path) and mirrored(path) is None and not first_existing(spec.path, "").exists():
        found.add(("fetch", "contact"), NO_CONTACT)


def check_curation(study: Study, found: Findings) -> None:
    """Note exclusion lists and scorers' weights that the targets need and that are not there."""
    used = set(study.pools_of())
    for name, exclusion in study.exclusions.items():
        if exclusion.pools is None or used & set(exclusion.pools):
            _check_file(("exclusions", name, "path"), exclusion.path, found)
    steps = [step for pool in used for step in study.steps_of(pool)]
    for name in sorted({step.scorer for step in steps if isinstance(step, ClipScore)}):
        _check_file(("scorers", name, "weights"), study.scorers[name].weights, found)


def check_weights(study: Study, found: Findings) -> None:
    """Note weights that the targets' families start from and that are not there."""
    families = {
        run.family for paper in study.targets() for name in study.experiments_of(paper) for run in study.runs(name)
    }
    for recipe in sorted({study.families[family].recipe for family in families}):
        for part, weights in study.recipes[recipe].initial.parts().items():
            _check_file(("recipes", recipe, "initial", part, "path"), weights.path, found)


def _check_file(loc: Loc, path: str, found: Findings) -> None:
    name = unset_variable(path)
    if name is not None:
        found.add(loc, unset_text(name))
    elif not matching(expand(path, "")):
        found.add(loc, missing_text(expand(path, "")))
