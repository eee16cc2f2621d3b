"""A private, real Slurm on this host: munge, a controller, and three nodes, two of them with two faked GPUs each.

Everything lies below one folder: keys, sockets, settings, logs, process ids. Nothing outside it is touched, and several
clusters may run beside each other, as each takes free ports.

    python -m tests.slurm.cluster up <folder>       start it, or what is missing of it
    python -m tests.slurm.cluster down <folder>     stop it, with the jobs that run on it

Needs the programs of Debian's packages slurm-wlm and munge.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from tests.slurm.settings import KILL_WAIT, NODES, slurm_conf

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
# Programs that read slurm.conf. Snakemake's executor takes SLURM_CONF out of a job's environment before its own srun,
# so each of them is called by a script of the same name that puts it back.
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr", "sshare")
# Daemons lie in a folder that is not on everybody's path.
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


class ClusterError(Exception):
    """The cluster did not do what was asked of it; the text holds what it said."""


def missing_programs() -> list[str]:
    """What this host lacks for a cluster; empty if one can be started."""
    return [name for name in PROGRAMS if shutil.which(name, path=SEARCHED) is None]


def program(name: str) -> str:
    """Absolute path of one of Slurm's programs."""
    found = shutil.which(name, path=SEARCHED)
    if found is None:
        raise ClusterError(f"{name} is not installed")
    return found


def free_ports(count: int) -> list[int]:
    """TCP ports of this host that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def wait_until(condition: Callable[[], object], seconds: float, what: str, pause: float = 0.1) -> None:
    """Wait until something is true; ClusterError with `what` was awaited after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise ClusterError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)


class Cluster:
    """A cluster below a folder. Its methods may be called by any process that knows the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.settings = self.folder / "slurm.conf"

    def start(self) -> None:
        """Start what does not run; a cluster that runs is left as it is."""
        for name in ("run", "log", "state", "bin", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        if not self.settings.exists():
            slurm_conf(self.folder, free_ports(1 + len(NODES)))
        self._write_clients()
        self._start_munge()
        self.start_controller(fresh=True)
        for node in NODES:
            self.start_node(node)
        wait_until(lambda: self.usable() == set(NODES), 30, f"all nodes (see {self.folder}/log)")

    def stop(self) -> None:
        """Cancel all jobs and stop all daemons, each by the process id that it wrote."""
        if self.alive("slurmctld"):
            self.cancel()
        for name in (*(f"slurmd.{node}" for node in NODES), "slurmctld", "munged"):
            self.kill(name, signal.SIGTERM)

    def cancel(self) -> None:
        """End all jobs, and wait until they are gone."""
        for job in self.jobs():
            self.call("scancel", job, check=False)
        with contextlib.suppress(ClusterError):
            wait_until(lambda: not self.jobs(), KILL_WAIT + 10, "cancelled jobs")
        # Without control groups Slurm loses sight of processes whose parent it killed first.
        for node in NODES:
            self.end_processes(node)

    def _start_munge(self) -> None:
        key, pipe = self.folder / "munge.key", self.folder / "run" / "munge.socket"
        if not key.exists():
            key.touch(0o600)
            key.write_bytes(os.urandom(1024))
        if not self.alive("munged"):
            log, seed = self.folder / "log/munged.log", self.folder / "state/munge.seed"
            options = {"key-file": key, "socket": pipe, "pid-file": self.pid_file("munged"), "log-file": log}
            options["seed-file"] = seed
            words = [f"--{name}={value}" for name, value in options.items()]
            self._daemon("munged", "--force", "--num-threads=2", *words)
            wait_until(pipe.exists, 20, "munge")

    def start_controller(self, fresh: bool = False) -> None:
        """Start slurmctld if it does not run; `fresh`: forget jobs and node states of an earlier one."""
        if not self.alive("slurmctld"):
            self._daemon("slurmctld", *(["-c"] if fresh else []))
        wait_until(lambda: self.call("scontrol", "ping", check=False).endswith("is UP"), 30, "the controller")

    def restart_controller(self, away: float = 5) -> None:
        """Stop slurmctld, leave it away for some seconds, and start it with all that it knew."""
        self.kill("slurmctld", signal.SIGTERM)
        time.sleep(away)
        self.start_controller()

    def start_node(self, node: str) -> None:
        """Start a node's slurmd if it does not run; a node that was down comes back by itself."""
        if not self.alive(f"slurmd.{node}"):
            self._daemon("slurmd", "-N", node)

    def crash_node(self, node: str) -> None:
        """A power cut on one node: its daemon and everything that runs on it end at once; the controller learns it."""
        self.kill(f"slurmd.{node}", signal.SIGKILL)
        self.end_processes(node)
        self.call("scontrol", "update", f"nodename={node}", "state=down", "reason=power")

    def end_processes(self, node: str) -> None:
        """Kill whatever jobs of this cluster run on a node, by process id."""
        for process in self.processes_on(node):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def processes_on(self, node: str) -> list[psutil.Process]:
        """Everything that jobs of this cluster run on a node, with the managers of their steps."""
        found = {}
        for process in psutil.process_iter():
            try:
                variables = process.environ()
                if variables.get("SLURMD_NODENAME") == node and str(self.folder) in variables.get("PATH", ""):
                    managers = [entry for entry in process.parents() if entry.name().startswith("slurmstepd")]
                    found.update({entry.pid: entry for entry in (process, *managers)})
            except psutil.Error:
                continue
        return list(found.values())

    def usable(self) -> set[str]:
        """Nodes that take jobs."""
        lines = self.call("sinfo", "-h", "-N", "-o", "%N %T", check=False).splitlines()
        states = dict(line.split() for line in lines if len(line.split()) == 2)
        return {node for node, state in states.items() if state in ("idle", "mixed", "allocated", "completing")}

    def jobs(self, *filters: str) -> list[str]:
        """Ids of jobs that have not ended, in order; `filters` are options of squeue."""
        return self.call("squeue", "-h", "-o", "%i", *filters, check=False).split()

    def call(self, name: str, *words: str, check: bool = True) -> str:
        """What a Slurm command says, stripped. ClusterError if it fails and `check` is set."""
        done = subprocess.run(
            [str(self.folder / "bin" / name), *words],
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=60,
        )
        if check and done.returncode:
            raise ClusterError(f"{name} {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """Environment in which Slurm's commands mean this cluster."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_", "SRUN_"))
        }
        return {**kept, "PATH": f"{self.folder / 'bin'}{os.pathsep}{SEARCHED}"}

    def pid_file(self, name: str) -> Path:
        """Where a daemon notes its process id."""
        return self.folder / "run" / f"{name}.pid"

    def alive(self, name: str) -> psutil.Process | None:
        """The process of a daemon, if it is alive and is that program: the note of its id outlives a crash."""
        try:
            process = psutil.Process(int(self.pid_file(name).read_text()))
            named = process.name() == name.split(".")[0] and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return None
        return process if named else None

    def kill(self, name: str, sent: signal.Signals) -> None:
        """End a daemon and wait until it is gone."""
        process = self.alive(name)
        if process is None:
            return
        process.send_signal(sent)
        with contextlib.suppress(ClusterError):
            wait_until(lambda: self.alive(name) is None, 15, name)
        if self.alive(name) is not None:
            process.kill()

    def _daemon(self, name: str, *words: str) -> None:
        log = self.folder / "log" / f"start-{name}.log"
        with log.open("a") as output:
            variables = {**self.environment(), "SLURM_CONF": str(self.settings)}
            done = subprocess.run([program(name), *words], stdout=output, stderr=output, env=variables, cwd="/")
        if done.returncode:
            raise ClusterError(f"{name} does not start: {log.read_text()[-2000:]}")

    def _write_clients(self) -> None:
        for name in CLIENTS:
            path = shutil.which(name, path=SEARCHED)
            if path is not None:
                script = self.folder / "bin" / name
                script.write_text(f"#!/bin/sh\nSLURM_CONF='{self.settings}' exec '{path}' \"$@\"\n")
                script.chmod(0o755)


def main(words: Iterable[str]) -> int:
    """Command line; returns the exit status."""
    try:
        action, folder = words
    except ValueError:
        action = folder = ""
    if action not in ("up", "down"):
        sys.stderr.write("usage: python -m tests.slurm.cluster up|down <folder>\n")
        return 2
    cluster = Cluster(Path(folder))
    try:
        cluster.start() if action == "up" else cluster.stop()
    except ClusterError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if action == "up":
        sys.stdout.write(f"PATH='{cluster.folder / 'bin'}':$PATH\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
