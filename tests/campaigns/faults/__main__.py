"""Disturbs and damages a small study until nothing is left to try: `python -m tests.campaigns.faults --trials 200`.

A trial starts from a copy of an undisturbed run after some stage, does one kind of harm at a random moment, runs the
study to its end, and compares every artifact with the undisturbed run. Trial N of a seed always makes the same choices:
`--only N` does it again.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from datalines.audit.verdicts import BROKEN, status_of
from tests.campaigns.faults import disks, surroundings
from tests.campaigns.faults.auditing import audit
from tests.campaigns.faults.kinds import KINDS, kind_of, selected
from tests.campaigns.faults.outcomes import Outcome, is_lost, table, write
from tests.campaigns.faults.study import FINISHED, CampaignError, Truth, build
from tests.campaigns.faults.trial import Trial

TRIALS, SHORT = 200, 12


@dataclass
class Campaign:
    """Trials on copies of one undisturbed run."""

    folder: Path
    truth: Truth
    kinds: list[str]
    seed: int
    mounts: bool
    short: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def trial(self, number: int) -> Outcome:
        """One trial, and what came of it."""
        kind, began = kind_of(number, self.kinds, self.seed), time.monotonic()
        trial = Trial(number, kind, self.seed, self.truth, self.folder / f"trial-{number}", self.mounts, self.short)
        trial.folder.mkdir()
        try:
            KINDS[kind](trial)
        except Exception:
            trial.fail(f"the trial broke off: {traceback.format_exc()}")
        try:
            trial.close()
        except OSError as error:
            trial.fail(f"what the trial used cannot be given back: {error}")
        seconds = round(time.monotonic() - began, 1)
        said = ", ".join(trial.did)
        return Outcome(number, kind, said, not trial.failures, trial.detected, tuple(trial.failures), seconds)

    def run(self, numbers: list[int], jobs: int, minutes: float, out: Path | None) -> None:
        """Make the trials, `jobs` at a time; none is begun after so many minutes."""
        lock = threading.Lock()

        def one(number: int) -> None:
            if time.monotonic() - self.began > 60 * minutes:
                return
            outcome = self.trial(number)
            with lock:
                self.outcomes.append(outcome)
                say("\n    ".join([outcome.line(), *outcome.failures]))
                if out is not None:
                    write(out, self.outcomes, self.seed, time.monotonic() - self.began, self.means())

        with ThreadPoolExecutor(jobs) as pool:
            begun = [pool.submit(one, number) for number in numbers]
            try:
                for done in begun:
                    done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def means(self) -> dict[str, str]:
        """By what a disk is filled, a folder closed, a clock moved."""
        return {
            "disk-full": "a file system in memory of a few bytes" if self.mounts else "a limit of file sizes (prlimit)",
            "read-only": "a mount that is read-only" if self.mounts else "permission to write taken away",
            "clock-wrong": "faketime" if surroundings.FAKETIME else "times of files, as faketime is not installed",
        }


def undisturbed(folder: Path) -> Truth:
    """The study stage by stage; a CampaignError where the audit calls anything in it broken."""
    truth = build(folder)
    last = truth.stages[FINISHED]
    said = audit(last.results, "closure", last.root)
    if status_of(said.verdicts.values()) == BROKEN:
        raise CampaignError(f"the audit names artifacts of the undisturbed run: {said.words(said.named(), 20)}")
    return replace(truth, known=said.findings)


def main(given: argparse.Namespace, work: Path) -> int:
    """Make the campaign in a folder; 1 if anything was lost or missed."""
    kinds = selected(given.kinds)
    mounts = disks.private_mounts()
    say(f"{len(kinds)} kinds of faults, seed {given.seed}, in {work}")
    began = time.monotonic()
    try:
        campaign = Campaign(work, undisturbed(work), kinds, given.seed, mounts, given.short, began=began)
    except CampaignError as error:
        say(str(error))
        return 1
    say(f"the undisturbed run is there after {time.monotonic() - began:.0f} s; {'; '.join(campaign.means().values())}")
    numbers = given.only or list(range(1, (given.trials or (SHORT if given.short else TRIALS)) + 1))
    campaign.run(numbers, given.jobs, given.minutes, given.out)
    say(f"\n{table(campaign.outcomes)}\n\n{time.monotonic() - began:.0f} s, seed {given.seed}")
    left = len(numbers) - len(campaign.outcomes)
    if left:
        say(f"{left} trials were not begun, as {given.minutes:g} minutes were over")
    return int(is_lost(campaign.outcomes) or not campaign.outcomes)


def say(text: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, help=f"how many ({TRIALS}; {SHORT} with --short)")
    parser.add_argument("--short", action="store_true", help="start from late stages: a few minutes in all")
    parser.add_argument("--minutes", type=float, default=90.0, help="begin none after so many (90)")
    parser.add_argument("--seed", type=int, default=0, help="what chance decides (0)")
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time (2)")
    parser.add_argument("--kinds", nargs="+", default=[], help=f"only kinds that begin so: {', '.join(KINDS)}")
    parser.add_argument("--only", type=int, nargs="+", help="the trials with these numbers alone")
    parser.add_argument("--out", type=Path, help="a JSON file with every trial, such as results/faults.json")
    parser.add_argument("--work", type=Path, help="an empty folder for the trials; those that fail are left there")
    given = parser.parse_args()
    try:
        selected(given.kinds)
    except ValueError as error:
        parser.error(str(error))
    return given


if __name__ == "__main__":
    given = arguments()
    for number in (signal.SIGTERM, signal.SIGINT):  # what is under way is ended and removed
        signal.signal(number, signal.default_int_handler)
    try:
        if given.work:
            given.work.mkdir(parents=True, exist_ok=True)
            sys.exit(main(given, given.work.resolve()))
        with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
            status = main(given, Path(temporary).resolve())
    except KeyboardInterrupt:
        sys.exit("stopped; what was under way has come to its end")
    sys.exit(status)
