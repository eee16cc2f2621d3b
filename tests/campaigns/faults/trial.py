"""One trial: what it has to do with, and the questions that are asked in the end."""

import random
import re
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.faults.auditing import Said, audit, delete
from tests.campaigns.faults.processes import HangingError, Started, members, wait_until
from tests.campaigns.faults.study import REPORT, RESULTS, Study, Truth

ROUNDS = 5
"""Times that what an audit names is deleted and made again, at most."""
LINGERING = 120.0
"""Seconds that a job may live on after the call that started it."""
REPORT_FILES = ("report/index.html", "report/pages.json")
LATE = ("predictions", "records", "everything")
ENDING = 1500
"""Characters of what Snakemake printed that are quoted."""


@dataclass
class Trial:
    """A folder of its own, chance of its own, and what has been found out."""

    number: int
    kind: str
    seed: int
    truth: Truth
    folder: Path
    mounts: bool
    short: bool = False
    """Whether to start from late stages where that is possible, which takes less time."""
    stack: ExitStack = field(default_factory=ExitStack)
    did: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    detected: bool | None = None
    """Whether the audit named every damaged file; None where no finished file was damaged."""
    sessions: list[Started] = field(default_factory=list)
    stage: str = ""

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed} {self.number} {self.kind}")

    def say(self, text: str) -> None:
        """Note what was done."""
        self.did.append(text)

    def fail(self, text: str) -> None:
        """Note what should not have happened."""
        self.failures.append(text)

    def study(self, stages: Sequence[str]) -> tuple[Study, int]:
        """A copy of the undisturbed run after one of these stages, and the number of jobs to the end."""
        late = [stage for stage in stages if stage in LATE and self.short]
        self.stage = self.chance.choice(late or list(stages))
        self.say(f"from stage {self.stage}")
        return self.truth.stages[self.stage].copy(self.folder / "study"), self.truth.jobs[self.stage]

    def anew(self, study: Study) -> None:
        """The study once more as it was, after a call that ended before any harm was done to it."""
        self.settle()
        shutil.rmtree(study.root)
        self.truth.stages[self.stage].copy(study.root)

    def start(self, study: Study, *targets: str, under: tuple[str, ...] = ()) -> Started:
        """Start Snakemake; it is ended with the trial."""
        started = study.start(*targets, under=under)
        self.sessions.append(started)
        return started

    def to_the_end(self, study: Study, *more: str) -> bool:
        """Call Snakemake as `make` does, for the report and some further files; whether it came to its end."""
        study.release()
        started = self.start(study, *(f"{RESULTS}/{path}" for path in more), REPORT)
        return started.wait() == 0

    def last_words(self) -> str:
        """The end of what the last call printed."""
        return re.sub(r"\s+", " ", self.sessions[-1].text()[-ENDING:])

    def settle(self) -> None:
        """Wait until nothing that this trial has started is alive."""
        try:
            wait_until(lambda: not any(started.members() for started in self.sessions), LINGERING)
        except HangingError:
            alive = [" ".join(process.cmdline()) for started in self.sessions for process in started.members()]
            self.fail(f"processes outlive their call: {alive}")

    def audit(self, study: Study, level: str = "closure") -> Said:
        """What the audit says of a study, and not of the undisturbed run too."""
        return audit(study.results, level, study.root, self.truth.known)

    def survive(self, study: Study) -> None:
        """After a disturbance: one call comes to the end, with the true bytes and receipts for all of them."""
        if not self.to_the_end(study):
            self.fail(f"the next call did not come to its end: {self.last_words()}")
            return
        self.settle()
        if different := self.truth.differing(study):
            self.fail(f"not as in the undisturbed run: {different}")
        said = self.audit(study)
        if named := said.named():
            self.fail(f"after the end the audit names {said.words(named)}")

    def heal(self, study: Study) -> None:
        """After damage: delete what the audit names and run again, until it names nothing and all is true. Whatever is
        there and is not as in the undisturbed run must be named."""
        for _ in range(ROUNDS):
            said, different = self.audit(study), self.truth.differing(study)
            if unnamed := [path for path in different if self.is_silent(study, path, said)]:
                self.detected = False
                self.fail(f"not as in the undisturbed run, and not named by the audit: {unnamed}")
                return
            if not said.named() and not different:
                return
            wanted = delete(said, study.results)
            for page in REPORT_FILES:
                (study.results / page).unlink(missing_ok=True)
            if not self.to_the_end(study, *(path for path in wanted if path in self.truth.declared)):
                self.say("a call stopped")
            self.settle()
        self.fail(f"after {ROUNDS} rounds {different} differ, and the audit names {said.words(said.named())}")
        self.fail(f"the last call printed {self.last_words()}")

    def is_silent(self, study: Study, path: str, said: Said) -> bool:
        """Whether a file is there that should be another, and nothing tells of it. The report shows what receipts and
        manifests say: one of them that is named stands for the report's pages too, which are written anew."""
        shown = path.startswith("report/") and any(name.endswith(".json") for name in said.named())
        return (study.results / path).is_file() and not said.names(path) and not shown

    def close(self) -> None:
        """End what is left of the trial, and remove its folder unless it failed."""
        for started in self.sessions:
            for process in members(started.pid):
                process.kill()
        self.stack.close()
        if not self.failures:
            shutil.rmtree(self.folder, ignore_errors=True)
