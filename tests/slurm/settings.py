"""slurm.conf and gres.conf of the tests' cluster."""

import getpass
import socket
from collections.abc import Sequence
from pathlib import Path

# Name -> number of faked GPUs.
NODES = {"c1": 0, "g1": 2, "g2": 2}
# Slurm wants a character device for a GPU and never opens it.
DEVICES = ("/dev/null", "/dev/zero")
# Of each node, in Slurm's books only: enough for what profiles/slurm asks for.
CPUS, MEMORY_MB = 64, 512_000
# Seconds between SIGTERM and SIGKILL.
KILL_WAIT = 20

CONTROLLER = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job that is requeued waits until its credential has run out.
AuthInfo=socket={folder}/run/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
# No control groups: they cannot be had in most containers.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# The nodes have what is written here, whatever the host has.
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=3,bf_interval=3,batch_sched_delay=0,sched_min_interval=0
# A node that was down takes jobs again as soon as its daemon is back.
ReturnToService=2
# Ended jobs are remembered for this long: the executor asks squeue for them.
MinJobAge=900
KillWait={kill_wait}
CompleteWait=0
SlurmdTimeout=300
GresTypes=gpu
"""


def slurm_conf(folder: Path, ports: Sequence[int]) -> None:
    """Write the settings of a cluster below a folder; the first port is the controller's, the others the nodes'."""
    lines = [CONTROLLER.format(folder=folder, ports=ports, user=getpass.getuser(), kill_wait=KILL_WAIT)]
    host = socket.gethostname().split(".")[0]
    for (node, gpus), port in zip(NODES.items(), ports[1:], strict=True):
        gres = f" Gres=gpu:fake:{gpus}" if gpus else ""
        place = f"NodeAddr=127.0.0.1 NodeHostname={host} Port={port}"
        lines.append(f"NodeName={node} {place} CPUs={CPUS} RealMemory={MEMORY_MB}{gres} State=UNKNOWN\n")
    with_gpus = ",".join(node for node, gpus in NODES.items() if gpus)
    lines.append(f"PartitionName=all Nodes={','.join(NODES)} Default=YES DefaultTime=10 MaxTime=INFINITE\n")
    lines.append(f"PartitionName=gpu Nodes={with_gpus} DefaultTime=10 MaxTime=INFINITE\n")
    gres_lines = ["AutoDetect=off\n"]
    for node, gpus in NODES.items():
        gres_lines += [f"NodeName={node} Name=gpu Type=fake File={device}\n" for device in DEVICES[:gpus]]
    (folder / "gres.conf").write_text("".join(gres_lines))
    (folder / "cgroup.conf").write_text("ConstrainCores=no\n")
    (folder / "slurm.conf").write_text("".join(lines))
