"""Files that are damaged, of a finished study or in the middle of one."""

import shutil

from tests.campaigns.faults.damaging import WAYS, Damage, damage, inflict
from tests.campaigns.faults.study import FINISHED, STAGES, Study
from tests.campaigns.faults.trial import Trial

BEGUN = [stage for stage in STAGES if stage not in ("nothing", FINISHED)]
LATE = 0.65
"""Share of the trials in which the study is finished."""


def tamper(trial: Trial, way: str) -> None:
    """One file of the results is damaged. The audit must name it, and what it names is made again."""
    finished = trial.chance.random() < LATE
    study, _ = trial.study([FINISHED] if finished else BEGUN)
    done = inflict(study.results, way, trial.chance)
    trial.say(done.words)
    named(trial, study, done)
    if not finished:
        status = trial.start(study).wait()
        trial.say(f"the call that went on ended with {status}")
    trial.heal(study)


def named(trial: Trial, study: Study, done: Damage) -> None:
    """Whether level integrity names every damaged file: a receipt that is gone by the files that it was for."""
    said = trial.audit(study, "integrity")
    missed = [path for path in done.paths if not said.names(path)]
    trial.detected = not missed
    if missed:
        trial.fail(f"not named by the audit: {missed}; it names {said.words(said.named())}")


def notes(trial: Trial) -> None:
    """A file of what the workflow keeps for itself is damaged: Snakemake's notes, states and links of finished runs.
    One of the results that it is about is made again."""
    study, _ = trial.study([stage for stage in STAGES if stage != "nothing"])
    folders = [study.results / "state", study.root / ".snakemake" / "metadata", study.results / "shards"]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    hidden = [path for path in files if folders[2] not in path.parents or path.name.startswith(".")]
    path = trial.chance.choice([path for path in hidden if path.stat().st_size])
    way = trial.chance.choice(WAYS[:4])
    inside = path.relative_to(study.root).as_posix()
    trial.say(damage(study.root, "note", inside, way, trial.chance).words)
    lost = trial.chance.choice(sorted(path for path in trial.truth.declared if (study.results / path).is_file()))
    beside = (study.results / lost).parent
    trial.say(f"lost {lost}")
    for name in sorted(path for path in trial.truth.declared if (study.results / path).parent == beside):
        (study.results / name).unlink(missing_ok=True)
    if trial.chance.random() < 0.3:
        shutil.rmtree(study.results / "state", ignore_errors=True)
        trial.say("no state is left")
    if not trial.to_the_end(study, lost):
        trial.fail(f"the next call did not come to its end: {trial.last_words()}")
    trial.heal(study)
