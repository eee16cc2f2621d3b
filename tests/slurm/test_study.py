"""The whole study through profiles/slurm, while the cluster is not as it should be: the same bytes as without Slurm."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.study import Study, differing, make_study

# One run is held until its time is up. Minutes; Slurm looks every half minute.
LIMIT = "attempt if (wildcards.family, wildcards.size) == ('yfcc', 'full') else 60"


@dataclass
class Outcome:
    """A finished study, what Snakemake printed, and the Slurm ids of the jobs that were disturbed."""

    study: Study
    text: str
    jobs: dict[str, str]


@pytest.fixture(scope="module")
def outcome(cluster: Cluster, built: Study, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """From nothing to the report. On the way one run comes to its time limit, and another is requeued."""
    study = make_study(tmp_path_factory.mktemp("studies") / "slurm", cluster)
    study.profile("slurm", {}, {"runtime": LIMIT, "slurm_extra": "''"})
    try:
        running = study.start()
        late, held = study.pause(("yfcc", "full"), ("laion", "full"))
        jobs = {"late": study.job_of("yfcc", "full"), "requeued": study.job_of("laion", "full")}
        cluster.call("scontrol", "requeue", jobs["requeued"])
        wait_until(lambda: not held.is_running(), 60, "the end of the requeued job's first run")
        # What hangs is woken up when its time is up, and told to end.
        wait_until(lambda: not late.is_running(), 240, "the time limit")
        yield Outcome(study, running.finish(900), jobs)
    finally:
        study.end()


def test_every_result_is_the_same_as_without_slurm(outcome: Outcome, built: Study) -> None:
    assert differing(outcome.study.digests(), built.digests()) == []
    assert "report/index.html" in outcome.study.digests()


def test_nothing_is_left_to_do(outcome: Outcome) -> None:
    assert "Nothing to be done" in outcome.study.start("--dry-run").finish()


def test_a_run_over_its_time_limit_goes_on_in_a_second_job(outcome: Outcome) -> None:
    first = outcome.study.slurm_log("train_model", "yfcc_full_0", outcome.jobs["late"])
    assert "DUE TO TIME LIMIT" in first and "SIGTERM" in first
    assert f"SLURM-job '{outcome.jobs['late']}' failed, SLURM status is: 'TIMEOUT'" in outcome.text
    assert "continuing after step" in outcome.study.log("train_model", "yfcc-full-0")


def test_receipts_name_the_slurm_job_and_the_attempt(outcome: Outcome) -> None:
    late, requeued = (outcome.study.receipt("train_model", f"{family}-full-0") for family in ("yfcc", "laion"))
    assert late["attempt"] == 2 and late["slurm"]["job"] not in ("", outcome.jobs["late"])
    assert requeued["attempt"] == 1 and requeued["slurm"]["job"] == outcome.jobs["requeued"]
    assert requeued["slurm"]["restarts"] == "1"


def test_a_requeued_run_goes_on_in_the_same_job(outcome: Outcome, cluster: Cluster) -> None:
    job = cluster.call("scontrol", "show", "job", outcome.jobs["requeued"])
    assert "Restarts=1" in job and "JobState=COMPLETED" in job
    assert "continuing after step" in outcome.study.log("train_model", "laion-full-0")


def test_two_gpus_are_one_torchrun_of_two_ranks(outcome: Outcome) -> None:
    log = outcome.study.log("train_model", "both-full-0")
    assert "asked for 2 GPUs; $CUDA_VISIBLE_DEVICES is '0,1'" in log
    assert log.count("starting 2 ranks on 1 node") == 1


def test_evaluations_of_a_family_share_a_job_and_its_gpu(outcome: Outcome, cluster: Cluster) -> None:
    lines = cluster.call("squeue", "-h", "--states=all", "-o", "%i %C %m %k").splitlines()
    together = [line.split()[:3] for line in lines if "evaluations-yfcc-natural" in line]
    assert [words[1:] for words in together] == [["2", "32000M"]]
    assert "TresPerJob=gres:gpu:1" in cluster.call("scontrol", "show", "job", together[0][0])
