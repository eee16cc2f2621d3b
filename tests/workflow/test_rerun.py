"""What runs again after which change: everything that the change concerns, and nothing else."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.workflow.checkout import Checkout

STUDY = "config/examples/tiny.yaml"
FIGURES = "workflow/scripts/papers/qnq"
DRAWN = {"draw_figure": 2, "write_report": 1}
MEASURED = {"collect_records": 1, "fit_lines": 1, **DRAWN}
# All that the drawings are in: one mixture, hence one run of four, and the tables and sheets of all pools.
MIXED = {"mix_shards": 1, "draw_batches": 1, "train_model": 1, "evaluate_run": 1, **MEASURED}
DRAWINGS = {"write_shards": 1, **MIXED, "collect_statistics": 1, "collect_samples": 1, "collect_pools": 1,
            "make_table": 1, "draw_samples": 2}  # fmt: skip
DRAWINGS_ANEW = {"download_pool": 1, "filter_pool": 1}

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

Change = Callable[[Checkout], None]


def touched(*folders: str) -> Change:
    """Every file of some folders has a new time and the old content."""

    def change(checkout: Checkout) -> None:
        for path in (path for folder in folders for path in (checkout.root / folder).rglob("*") if path.is_file()):
            path.touch()

    return change


def remarks(checkout: Checkout) -> None:
    """Comments and blank lines are added to every module of the library."""
    for path in (checkout.root / "datalines").rglob("*.py"):
        path.write_text(path.read_text() + "\n\n# A remark.\n")


def reformatted(checkout: Checkout) -> None:
    """The study is written in another style, without comments and anchors."""
    path = checkout.root / STUDY
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=60, indent=4))
    assert yaml.safe_load(path.read_text()) == content


def without_notes(checkout: Checkout) -> None:
    """Snakemake's notes are gone, as after a copy of the results alone."""
    for path in (checkout.root / ".snakemake" / "metadata").rglob("*"):
        if path.is_file():
            path.unlink()


def damaged_note(path: str) -> Change:
    """Snakemake's note on a file holds a byte that is in no text."""

    def change(checkout: Checkout) -> None:
        name = urlsafe_b64encode(f"results/tiny/{path}".encode()).decode()
        note = checkout.root / ".snakemake" / "metadata" / name
        note.write_bytes(note.read_bytes().replace(b"a", b"\xf3", 1))

    return change


def code(*paths: str) -> Change:
    """Modules or scripts say something new."""
    return appended(*paths, text="\n\nLATER = 1\n")


def appended(*paths: str, text: str = "# A remark.\n") -> Change:
    """Files of the checkout end with something more."""

    def change(checkout: Checkout) -> None:
        for path in paths:
            (checkout.root / path).write_text((checkout.root / path).read_text() + text)

    return change


def docstring(path: str) -> Change:
    """A module's docstring begins with another word."""

    def change(checkout: Checkout) -> None:
        before = (checkout.root / path).read_text()
        assert before.startswith('"""')
        (checkout.root / path).write_text(before.replace('"""', '"""Anew. ', 1))

    return change


def altered(path: str) -> Change:
    """One result has another content than its job gave it."""

    def change(checkout: Checkout) -> None:
        file = checkout.results / path
        file.write_bytes(file.read_bytes() + b"\n")

    return change


def deleted(*paths: str) -> Change:
    """Some results are gone."""

    def change(checkout: Checkout) -> None:
        for path in paths:
            (checkout.results / path).unlink()

    return change


def interrupted(path: str) -> Change:
    """Snakemake was killed while a job made a file."""

    def change(checkout: Checkout) -> None:
        name = urlsafe_b64encode(f"results/tiny/{path}".encode()).decode()
        (checkout.root / ".snakemake" / "incomplete" / name).write_text("{}")

    return change


def study(*pairs: tuple[str, str]) -> Change:
    """Some places of the study are changed."""

    def change(checkout: Checkout) -> None:
        for old, new in pairs:
            checkout.study(old, new)

    return change


NEW_SHIFT = study(
    ("  candidates:\n    title", "  fresh:\n    title: Fresh\n    kind: testbed\n    items: 30\n    classes: animals\n"
     "    prompts: *prompts\n    seed: 14\n    domain: *photos\n  candidates:\n    title"),
    ("suites:\n", "suites:\n  later: [reference, fresh]\n"),
    ("experiments:\n", "experiments:\n  later:\n    {title: Later, families: [photos], suite: later,"
     " reference: reference, shifts: [fresh]}\n"),
    ("    figures:\n", "    figures:\n      fig-03: {title: Later, script: qnq/fig_02_sources, experiment: later}\n"),
)  # fmt: skip

CHANGES: dict[str, tuple[Change, dict[str, int]]] = {
    "scripts touched": (touched("workflow"), {}),
    "config touched": (touched("config"), {}),
    "library touched": (touched("datalines"), {}),
    "comments in the library": (remarks, {}),
    "a docstring in the library": (docstring("datalines/training/loop.py"), {}),
    "config reformatted": (reformatted, {}),
    "Snakemake's notes lost": (without_notes, {}),
    "a note of Snakemake's damaged": (damaged_note("records/sources.csv"), {}),
    "plotting": (code("datalines/plotting/panels.py"), {**DRAWN, "draw_samples": 2, "draw_batches": 1}),
    # The sheets of samples import the package of plots, and with it what bands are made from.
    "fitting": (code("datalines/robustness/lines.py"), {"fit_lines": 1, **DRAWN, "draw_samples": 2, "draw_batches": 1}),
    "a figure's docstring": (
        docstring(f"{FIGURES}/fig_02_sources.py"),
        {"draw_figure": 1, "write_report": 1},
    ),
    "a table's script": (code(f"{FIGURES}/tab_01_sources.py"), {"make_table": 1, "write_report": 1}),
    "the report's style": (code("workflow/report/style.css"), {"write_report": 1}),
    "a family's title": (study(("{title: Photos and drawings,", "{title: Both,")), {**DRAWN, "draw_batches": 1}),
    "a figure's title": (study(("{title: Lines,", "{title: All lines,")), {"draw_figure": 1, "write_report": 1}),
    "a pool's licence": (
        study(("    seed: 2\n", "    seed: 2\n    licence: free\n")),
        {"collect_pools": 1, "make_table": 1, "write_report": 1},
    ),
    "a filter of one pool": (study(("min_side: 16", "min_side: 17")), {"filter_pool": 1, **DRAWINGS}),
    "a recipe": (study(("warmup_steps: 2", "warmup_steps: 3")), {"train_model": 3, "evaluate_run": 3, **MEASURED}),
    "the recipe behind an adversarial shift": (
        study(("    optimizer: {lr: 1.0e-3}\n", "    optimizer: {lr: 2.0e-3}\n")),
        {"train_model": 1, "evaluate_run": 5, "filter_shift": 1, **MEASURED, "collect_samples": 1, "draw_samples": 2},
    ),
    "training": (
        code("datalines/training/loop.py"),
        {"train_model": 4, "evaluate_run": 5, "filter_shift": 1, **MEASURED, "collect_samples": 1, "draw_samples": 2},
    ),
    # No training, no second evaluation on the old suite. What shows titles is given all of them, so it is drawn again.
    "a new shift in a suite of its own": (
        NEW_SHIFT,
        {"prepare_shift": 1, "evaluate_run": 2, "collect_records": 1, "fit_lines": 1, "draw_figure": 3, "make_table": 1,
         "collect_samples": 1, "draw_samples": 2, "draw_batches": 1, "write_report": 1},
    ),
    "results touched": (touched("results/tiny/records", "results/tiny/evals", "results/tiny/mixtures"), {}),
    "pins of an environment": (appended("envs/train.yaml"), {}),
    "the profile's times": (touched("profiles"), {}),
    "code that makes nothing": (code("datalines/cli.py", "datalines/audit/verdicts.py", "datalines/receipts.py"), {}),
    "code of pools that nobody has": (code("datalines/fetch/policy.py"), {}),
    "how often training saves": (study(("checkpoint_seconds: 1.0e-6", "checkpoint_seconds: 60")), {}),
    "records altered": (altered("records/sources.csv"), {"fit_lines": 1, **DRAWN}),
    "an intermediate table deleted": (deleted("records/sources.csv"), {}),
    "the report deleted": (deleted("report/index.html"), {"write_report": 1}),
    "an interrupted evaluation": (interrupted("evals/both/full/0/natural.json"), {"evaluate_run": 1, **MEASURED}),
    "a pool's version": (study(("    seed: 2\n", "    seed: 2\n    version: 2\n")), {**DRAWINGS_ANEW, **DRAWINGS}),
    # The ids that the filter keeps are the same, so it does not run.
    "a shard's size": (study(("32\n    filter: small\n", "16\n    filter: small\n")), DRAWINGS),
    "a mixture's seed": (study(("  both: {seed: 0, entries", "  both: {seed: 1, entries")), MIXED),
    # Three runs of four stay as they are.
    "a further seed": (
        study(("clip, sizes: [full], seeds: [0]", "clip, sizes: [full], seeds: [0, 1]")),
        {"train_model": 1, "evaluate_run": 1, **MEASURED},
    ),
    "an ensemble's weights": (study(("weights: [0.0, 0.5, 1.0]", "weights: [0.0, 1.0]")), MEASURED),
    # Lines are fitted on every axis.
    "an axis": (study(("    axis: probit\n", "    axis: logit\n")), DRAWN),
    "a new figure": (
        study(("    figures:\n", "    figures:\n      fig-03: {title: Again, script: qnq/fig_02_sources,"
               " experiment: sources}\n")),
        {"draw_figure": 1, "write_report": 1},
    ),
    "a shift's version": (
        study(("    seed: 12\n", "    seed: 12\n    version: 2\n")),
        {"prepare_shift": 1, "evaluate_run": 4, **MEASURED, "collect_samples": 1, "draw_samples": 2},
    ),
    "prompts": (
        study(('&prompts ["a photo of a {}.", "{}"]', '&prompts ["a photo of a {}."]')),
        {"prepare_shift": 3, "evaluate_run": 5, "filter_shift": 1, **MEASURED, "collect_samples": 1, "draw_samples": 2},
    ),
    "code of evaluation": (
        code("datalines/evaluation.py"),
        {"evaluate_run": 5, "filter_shift": 1, **MEASURED, "collect_samples": 1, "draw_samples": 2},
    ),
    "code of mixing": (
        code("datalines/mixing.py"),
        {"mix_shards": 4, "draw_batches": 1, "train_model": 4, "evaluate_run": 5, "filter_shift": 1, **MEASURED,
         "collect_samples": 1, "draw_samples": 2},
    ),
    "a floor": (study(("    resamples: 50\n", "    resamples: 50\n    floor: 0.1\n")), {"fit_lines": 1, **DRAWN}),
}  # fmt: skip


@pytest.fixture(scope="module")
def plans(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int] | Exception]:
    """Jobs that would run after each change, by rule; two dry runs at a time."""
    folder = tmp_path_factory.mktemp("rerun")

    def plan(entry: tuple[int, str]) -> dict[str, int] | Exception:
        checkout = finished.copy(Path(folder / str(entry[0])))
        try:
            CHANGES[entry[1]][0](checkout)
            return checkout.plan()
        except Exception as error:  # it belongs to the one test of this change
            return error

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(CHANGES, pool.map(plan, enumerate(CHANGES)), strict=True))


@pytest.mark.parametrize("change", CHANGES)
def test_what_runs_again(plans: dict[str, dict[str, int] | Exception], change: str) -> None:
    found = plans[change]
    if isinstance(found, Exception):
        raise found
    assert found == CHANGES[change][1]


def test_where_code_is_not_followed_only_a_version_trains_again(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "copy")
    checkout.study("follow_code: true", "follow_code: false")
    assert checkout.call("--touch").code == 0
    code("datalines/training/loop.py")(checkout)
    assert checkout.plan() == {}
    checkout.study("objective: clip\n", "objective: clip\n    version: 2\n")
    assert checkout.plan() == {"train_model": 3, "evaluate_run": 3, **MEASURED}
