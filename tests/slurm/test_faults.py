"""One run at a time, through a fault each: it ends in the same bytes as a run that was left in peace."""

import subprocess
import sys
from pathlib import Path

from tests.slurm.cluster import Cluster, wait_until
from tests.slurm.study import PAIR, Study, differing, run_name

ROOT = Path(__file__).parents[2]
# A holder and a taker of a lock, in which the kernel's locks do not work, as between machines on some file systems.
HOLD = """\
import errno, fcntl, pathlib, sys, time
from datalines import locks
def flock(*_):
    raise OSError(errno.ENOSYS, "Function not implemented")
fcntl.flock, locks.PAUSE = flock, 0.5
with locks.alone(pathlib.Path(sys.argv[1]), "testing"):
    with open(sys.argv[2], "a") as notes:
        print(sys.argv[3], "in", file=notes, flush=True)
        time.sleep(float(sys.argv[4]))
        print(sys.argv[3], "out", file=notes, flush=True)
"""


def test_a_node_that_goes_down(copy: Study, built: Study, cluster: Cluster) -> None:
    """Slurm starts the job on the other node; it goes on from its state."""
    copy.forget("yfcc", "half")
    running = copy.start(run_name("yfcc", "half"))
    (held,) = copy.pause(("yfcc", "half"))
    job = copy.job_of("yfcc", "half")
    node = cluster.call("squeue", "-h", "-j", job, "-o", "%N")
    cluster.crash_node(node)
    running.finish()
    assert not held.is_running()
    shown = cluster.call("scontrol", "show", "job", job)
    assert "Restarts=1" in shown and f" NodeList={node}" not in shown
    assert "continuing after step" in copy.log("train_model", "yfcc-half-0")
    assert differing(copy.digests(), built.digests()) == []


def test_a_killed_snakemake_whose_job_goes_on(copy: Study, built: Study, cluster: Cluster) -> None:
    """The next Snakemake submits the job once more; the second waits for the first and finds nothing left to do."""
    copy.forget("yfcc", "half")
    first = copy.start(run_name("yfcc", "half"))
    (held,) = copy.pause(("yfcc", "half"))
    job = copy.job_of("yfcc", "half")
    first.kill()
    assert "its lock is released" in copy.release()
    second = copy.start(run_name("yfcc", "half"))
    log = copy.results / "logs/train_model/yfcc-half-0.log"
    waits = "another process is training this run; waiting for it to end"
    wait_until(lambda: log.exists() and waits in log.read_text(), 300, "the second job at the lock")
    assert held.is_running() and job in cluster.jobs() and len(cluster.jobs()) == 2
    held.resume()
    second.finish()
    assert "nothing to train" in log.read_text()
    assert differing(copy.digests(), built.digests()) == []
    assert "Nothing to be done" in copy.start("--dry-run").finish()


def test_a_controller_that_is_restarted(copy: Study, built: Study, cluster: Cluster) -> None:
    """Jobs run on while slurmctld is away, and Snakemake submits further ones when it is back."""
    copy.forget("laion", "full")
    target = "results/small/evals/laion/full/0/natural.json"
    (copy.root / target).unlink()
    running = copy.start(target)
    (held,) = copy.pause(("laion", "full"))
    cluster.restart_controller()
    held.resume()
    assert "evaluations-laion-natural" in running.finish()
    assert "Trying to restart" not in running.text()
    assert differing(copy.digests(), built.digests()) == []


def test_two_nodes_with_a_rank_each_that_are_told_to_stop(copy: Study, built: Study, cluster: Cluster) -> None:
    """SIGTERM reaches the ranks as it does when time is nearly up; both nodes go on together in the second attempt."""
    copy.forget(PAIR, "full")
    copy.profile("slurm", {}, {"gpu": 2, "nodes": 2, "tasks": 2, "mpi": "srun", "ranks": 2})
    running = copy.start(run_name(PAIR, "full"))
    wait_until(lambda: copy.trainer(PAIR, "full"), 300, "a state of two ranks")
    job = copy.job_of(PAIR, "full")
    cluster.call("scancel", "--signal=TERM", job)
    assert f"SLURM-job '{job}' failed" in running.finish()
    log = copy.log("train_model", f"{PAIR}-full-0")
    assert "asked for 2 GPUs, 1 on each of 2 nodes" in log and "starting 2 ranks on 2 nodes" in log
    printed = copy.slurm_log("train_model", f"{PAIR}_full_0")
    assert "stopped on request" in printed and "continuing after step" in printed
    assert differing(copy.digests(), built.digests()) == []


def test_jobs_on_two_nodes_keep_apart_without_the_kernels_locks(cluster: Cluster, tmp_path: Path) -> None:
    """The second asks Slurm whether the first is still at work."""
    notes = tmp_path / "notes"
    script = tmp_path / "hold.py"
    script.write_text(HOLD)

    def submit(node: str, name: str, seconds: int) -> subprocess.Popen[str]:
        command = [str(cluster.folder / "bin/srun"), "-n1", "-w", node, sys.executable, str(script)]
        variables = {**cluster.environment(), "PYTHONPATH": str(ROOT)}
        words = [str(tmp_path / "run"), str(notes), name, str(seconds)]
        return subprocess.Popen([*command, *words], env=variables, stderr=subprocess.PIPE, text=True)

    first = submit("g1", "first", 6)
    wait_until(notes.exists, 60, "the first job")
    second = submit("g2", "second", 0)
    assert first.wait(60) == 0 and second.wait(60) == 0
    assert notes.read_text().split("\n") == ["first in", "first out", "second in", "second out", ""]
