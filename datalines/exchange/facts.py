"""What receipts say of a whole study: its title, jobs in order, times, versions, pools and papers."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from datalines.audit.results import Receipt, Results
from datalines.exchange.errors import ExchangeError
from datalines.receipts import found

RESULTS = "results/"
PAPERS = "papers/"


@dataclass(frozen=True)
class Moments:
    """When a job began and ended, with the offset of its clock."""

    started: str
    ended: str


def moments(receipt: Receipt) -> Moments:
    """Times of a job. Receipts of form 1 state the end as a number of seconds."""
    started = str(receipt.said["started"])
    ended = receipt.said.get("ended")
    if ended is None:
        whole = timedelta(seconds=round(float(receipt.said["seconds"])))
        ended = (datetime.fromisoformat(started) + whole).isoformat(timespec="seconds")
    return Moments(started, str(ended))


def in_order(results: Results) -> list[Receipt]:
    """Receipts in the order in which their jobs began.

    Raises ExchangeError where there is none, or where some cannot be read: an export would leave out their jobs.
    """
    broken = [file.path for file in results.unreadable if file.path.startswith("receipts/")]
    if broken:
        raise ExchangeError(
            f"{results.root}: {len(broken)} receipts cannot be read, the first is {broken[0]}; `datalines audit` lists "
            "them, and running the workflow again makes them anew"
        )
    if not results.receipts:
        raise ExchangeError(f"{results.root} holds no receipt of a finished job; run the workflow first")
    return sorted(results.receipts, key=lambda receipt: (receipt.said["started"], receipt.path))


def span(receipts: list[Receipt]) -> Moments:
    """From the first start to the last end."""
    times = [moments(receipt) for receipt in receipts]
    return Moments(
        min((time.started for time in times), key=datetime.fromisoformat),
        max((time.ended for time in times), key=datetime.fromisoformat),
    )


def environment(receipt: Receipt) -> dict[str, Any]:
    """The environment of a job; receipts of form 1 know versions only."""
    known: dict[str, Any] = receipt.said.get("environment") or {"versions": receipt.said.get("versions", {})}
    return known


def determinism(receipt: Receipt) -> str | None:
    """The level that a job declares, if it does; receipts of form 1 state it among the parameters only."""
    told = receipt.said.get("determinism") or next(iter(found(receipt.params, "determinism").values()), None)
    return None if told is None else str(told)


def study_of(results: Results) -> dict[str, Any]:
    """Title, description, scale and substitutions, as the newest job was told that was told them; else a bare scale."""
    told = [receipt for receipt in in_order(results) if isinstance(receipt.params.get("study"), dict)]
    study: dict[str, Any] = dict(told[-1].params["study"]) if told else {}
    scale = study.get("scale") or results.root.resolve().name
    return {"title": f"datalines study {scale}", "description": "", "substitutions": [], **study, "scale": scale}


def home(results: Results) -> str:
    """The folder of the results in the checkout where they were made: `results/<scale>`."""
    roots = [str(receipt.said["root"]) for receipt in results.receipts if "root" in receipt.said]
    if roots and re.fullmatch(rf"{RESULTS}[\w-]+", roots[0]):
        return roots[0]
    return f"{RESULTS}{results.root.resolve().name}"


def in_checkout(results: Results, path: str) -> str | None:
    """A receipt's path as seen from the checkout; None for a file outside of it."""
    if posixpath.isabs(path):
        return None
    inside = posixpath.normpath(posixpath.join(home(results), path))
    return None if inside.startswith("../") else inside


def jobs_of(results: Results, *rules: str) -> list[Receipt]:
    """Receipts of some rules, by path."""
    return [receipt for receipt in results.receipts if receipt.rule in rules]


def pool_labels(results: Results) -> dict[str, dict[str, Any]]:
    """{pool: its title, licence, kind, ...} as `collect_pools` was told; empty where it did not run."""
    labels: dict[str, dict[str, Any]] = {}
    for receipt in jobs_of(results, "collect_pools"):
        labels.update(receipt.params.get("pools", {}))
    return labels


def shift_specs(results: Results) -> dict[str, dict[str, Any]]:
    """{evaluation set: how it was prepared}."""
    return {
        receipt.wildcards.get("shift", receipt.path): receipt.params.get("spec", {})
        for receipt in jobs_of(results, "prepare_shift")
    }


def paper_titles(results: Results) -> dict[str, str]:
    """{paper: title}, as the report was told."""
    return {
        slug: paper["title"]
        for receipt in jobs_of(results, "write_report")
        for slug, paper in receipt.params.get("papers", {}).items()
    }


def products(results: Results) -> Iterator[tuple[Receipt, str]]:
    """Every file of a paper, figures, tables and their data, with the receipt of its job; sorted by path."""
    for path in sorted(results.artifacts):
        maker = results.maker(path)
        if path.startswith(PAPERS) and maker is not None:
            yield maker, path
