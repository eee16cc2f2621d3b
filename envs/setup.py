"""Create or repair the project's virtual environment from the hash-pinned locks beside this file.

    python3 envs/setup.py demo      what `make demo` needs
    python3 envs/setup.py dev       the same and the test and lint tools
    python3 envs/setup.py slurm     the same and the cluster executor
    python3 envs/setup.py img2dataset --venv .venv-img2dataset
                                    the optional back end of the fetcher, alone in an environment of its own
    python3 envs/setup.py open-clip --venv .venv-open-clip --over .venv
                                    open_clip's own trainer: an environment that sees the packages of `demo` in .venv
                                    behind the few that differ
    python3 envs/setup.py exchange --venv .venv-exchange
                                    what writes and validates the exchange formats, alone in an environment of its own

Beside the packages an environment of the first three gets the command `datalines`.
Needs Python 3.11 and its standard library only. A stamp inside the environment says which locks it was built from, so a
second call returns at once; an environment whose installation was interrupted is thrown away and built again.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ENVS = Path(__file__).resolve().parent
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")
LAYERS = {
    "demo": ("demo",),
    "dev": ("demo", "dev"),
    "slurm": ("demo", "slurm"),
    "img2dataset": ("img2dataset",),
    "open-clip": ("open-clip",),
    "exchange": ("exchange",),
}
# These hold only what differs from an environment with `demo`, whose packages they see behind their own.
OVERLAYS = ("open-clip",)
SEEN = "setup-over.pth"
# Free disk needed to add one lock, in GB. demo: 5.4 unpacked, 1.5 of wheels meanwhile, as much in pip's cache.
SPACE = {"demo": 8.0, "dev": 0.5, "slurm": 0.2, "img2dataset": 1.5, "open-clip": 0.1, "exchange": 0.8}
NEWEST_TRIED = (3, 13)
# The interpreter behind an activated environment, which may be the one that is being rebuilt.
PYTHON = getattr(sys, "_base_executable", None) or sys.executable
HEARTBEAT_SECONDS = 5.0
# pip warns about every package that a configured local folder of wheels does not hold. That is for the log.
NOISE = re.compile(r"^(WARNING: Location .* is ignored|Looking in |Requirement already satisfied)")
# The command `datalines` runs `python -m datalines` of the checkout around the current folder, which itself is kept off
# the path (-P): the library has modules of short names.
LAUNCHER = """#!/bin/sh
checkout=$PWD
until [ -f "$checkout/datalines/cli.py" ]; do
    if [ -z "$checkout" ]; then
        echo "datalines: $PWD is not inside a checkout of datalines; change to one" >&2
        exit 2
    fi
    checkout=${checkout%/*}
done
PYTHONPATH="$checkout${PYTHONPATH:+:$PYTHONPATH}" exec PYTHON -P -m datalines "$@"
"""


class SetupError(Exception):
    """Something the user has to change; the message says what."""


def use_new_enough_python() -> None:
    """Start again under a newer interpreter of the machine if this one is too old.

    Raises SetupError where there is none.
    """
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER:
        path = shutil.which(name)
        if path:
            print(f"setup: {sys.executable} is Python {platform.python_version()}; using {path} instead", flush=True)
            os.execv(path, [path, *sys.argv])
    raise SetupError(
        f"Python {'.'.join(map(str, OLDEST))} or newer is needed, and {sys.executable} is {platform.python_version()}. "
        "Install one (Debian, Ubuntu: apt install python3.12 python3.12-venv; conda: conda create -n py python=3.12) "
        "and name it: make PYTHON=python3.12 demo"
    )


def fingerprint(layer: str, python: str, envs: Path = ENVS) -> str:
    """Sha256 (hex) of the lock of `layer`, of the locks under it, and of the interpreter's version and platform."""
    digest = hashlib.sha256(f"{python} {platform.system()} {platform.machine()}\n".encode())
    for name in LAYERS.get(layer, (layer,)):
        digest.update((envs / f"{name}.lock").read_bytes())
    return digest.hexdigest()


def version_of(venv: Path) -> str:
    """Version `major.minor` of the interpreter that the environment was made with; empty if it is not usable."""
    settings = venv / "pyvenv.cfg"
    if not settings.is_file() or not (venv / "bin" / "python").exists():
        return ""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", settings.read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def missing_layers(venv: Path, wanted: str) -> list[str]:
    """The locks that still have to be installed for `wanted`, lowest first."""
    python = version_of(venv)
    if not python or (venv / "setup-incomplete").exists():
        return list(LAYERS[wanted])
    stamps = {name: venv / f"setup-{name}.stamp" for name in LAYERS[wanted]}
    return [
        name
        for name, stamp in stamps.items()
        if not stamp.is_file() or stamp.read_text().strip() != fingerprint(name, python)
    ]


def check_space(folder: Path, layers: list[str]) -> None:
    """Raise SetupError if the disk of `folder` cannot hold what is to be installed."""
    needed = sum(SPACE[name] for name in layers)
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise SetupError(
            f"{folder} has {free:.1f} GB free and the environment needs about {needed:.1f} GB "
            "(PyTorch with its GPU libraries is most of it). Free some space, or put the environment on another disk: "
            "make VENV=/somewhere/else/venv demo"
        )


def discard_broken(venv: Path) -> None:
    """Remove an environment whose installation was interrupted or whose interpreter is gone.

    Raises SetupError if `venv` is something else.
    """
    unfinished = (venv / "setup-incomplete").exists()
    if not venv.exists() or not any(venv.iterdir()) or (version_of(venv) and not unfinished):
        return
    if not (unfinished or (venv / "pyvenv.cfg").exists()):
        raise SetupError(f"{venv} exists and is not a virtual environment. Move it, or name another: make VENV=...")
    print(f"setup: {venv} was left unfinished or lost its interpreter: building it again", flush=True)
    shutil.rmtree(venv)


def ensure_venv(venv: Path) -> None:
    """Leave an environment with a working interpreter at `venv`. Raises SetupError if Python cannot make one."""
    if version_of(venv):
        return
    venv.mkdir(parents=True, exist_ok=True)
    (venv / "setup-incomplete").touch()
    bundled = importlib.util.find_spec("ensurepip") is not None
    print(f"setup: creating {venv} with Python {platform.python_version()}", flush=True)
    command = [PYTHON, "-m", "venv", *([] if bundled else ["--without-pip"]), str(venv)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            "python -m venv failed. On Debian and Ubuntu install the package python3-venv "
            f"(or python3.{sys.version_info[1]}-venv), then call this again. It said:\n{done.stdout}{done.stderr}"
        )


def pip_command(venv: Path) -> list[str]:
    """How to call pip for the environment: its own, or the machine's where the interpreter comes without ensurepip."""
    python = str(venv / "bin" / "python")
    for command in ([python, "-m", "pip"], [PYTHON, "-m", "pip", "--python", python]):
        if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0:
            return command
    raise SetupError(
        "No usable pip: this Python has no ensurepip module and no pip 22.3 or newer. On Debian and Ubuntu: "
        f"apt install python3-venv (or python3.{sys.version_info[1]}-venv), then call this again."
    )


class Progress:
    """Turns pip's output into a line every few seconds, so that a long download never looks like a hang."""

    def __init__(self, venv: Path) -> None:
        self.packages = packages_of(venv)
        self.before = self.installed()
        self.started = time.monotonic()
        self.collected = 0
        self.to_install = 0
        self.latest = "starting pip"
        self.kept: list[str] = []

    def installed(self) -> int:
        """Number of packages completely unpacked: pip writes RECORD last."""
        return sum(1 for _ in self.packages.glob("*.dist-info/RECORD"))

    def read(self, line: str) -> None:
        """Take in one line of pip's output."""
        line = line.strip()
        if not line or NOISE.match(line):
            return
        self.kept.append(line)
        if line.startswith("Collecting "):
            self.collected += 1
            self.latest = line.split()[1]
        elif line.startswith("Downloading "):
            self.latest = line.removeprefix("Downloading ").rsplit("/", 1)[-1]
        elif line.startswith("Installing collected packages:"):
            self.to_install = line.count(",") + 1

    def show(self) -> None:
        """Print where the installation stands."""
        state = f"{self.collected} packages found; downloading {self.latest}"
        if self.to_install:
            state = f"unpacking: {max(0, self.installed() - self.before)} of {self.to_install} packages"
        print(f"setup: {time.monotonic() - self.started:4.0f} s  {state}", flush=True)


def install(venv: Path, layer: str, lock: int) -> None:
    """Install one lock, every file checked against its hash. Raises SetupError with pip's words if that fails.

    pip inherits the open file `lock`: if this process is killed, the next one waits until its pip is gone, too.
    """
    command = [*pip_command(venv), "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    command += ["--require-hashes", "-r", str(ENVS / f"{layer}.lock")]
    command += ["--no-deps"] if layer in OVERLAYS else []
    # pip collects 1.5 GB in its temporary folder, which on many machines is a small memory disk.
    temporary = venv / "setup-tmp"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    print(f"setup: installing envs/{layer}.lock (pip's words: {venv}/setup-{layer}.log)", flush=True)
    progress = Progress(venv)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, pass_fds=[lock]
    ) as pip:
        reader = threading.Thread(target=follow, args=(pip, progress, venv / f"setup-{layer}.log"), daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(HEARTBEAT_SECONDS)
            if reader.is_alive():
                progress.show()
    if pip.returncode:
        words = "\n".join(progress.kept[-15:])
        newer = sys.version_info[:2] > NEWEST_TRIED
        hint = " The locks were tried with Python 3.11 to 3.13: make PYTHON=python3.13 may help." if newer else ""
        raise SetupError(
            f"pip could not install envs/{layer}.lock (exit status {pip.returncode}).{hint} Its last lines:\n{words}"
        )
    shutil.rmtree(temporary, ignore_errors=True)


def follow(pip: subprocess.Popen[str], progress: Progress, log: Path) -> None:
    """Copy all of pip's output to `log` and to `progress`."""
    assert pip.stdout is not None
    with log.open("w") as file:
        for line in pip.stdout:
            file.write(line)
            file.flush()
            progress.read(line)


def check_alone(venv: Path, wanted: str) -> None:
    """Raise SetupError if `venv` holds layers that cannot be installed together with `wanted`."""
    here = {path.stem.removeprefix("setup-") for path in venv.glob("setup-*.stamp")}
    others = {name for name in here if LAYERS.get(name, LAYERS[wanted])[0] != LAYERS[wanted][0]}
    if others:
        raise SetupError(
            f"{venv} holds {', '.join(sorted(others))}, whose versions conflict with those of {wanted}. "
            f"Name another folder: python3 envs/setup.py {wanted} --venv .venv-{wanted}"
        )


def packages_of(venv: Path) -> Path:
    """Where an environment's packages lie."""
    return next((venv / "lib").glob("python3.*/site-packages"))


def check_under(layer: str, over: Path) -> None:
    """Raise SetupError if `over` is no environment that `layer` can lie over; start again under its interpreter if
    that is another version."""
    if missing_layers(over, "demo"):
        raise SetupError(
            f"{layer} lies over an environment with `demo`, and {over} is none. Make it first: "
            f"python3 envs/setup.py demo --venv {over}; or name another: --over ..."
        )
    if version_of(over) != ".".join(map(str, sys.version_info[:2])):
        python = str(over / "bin" / "python")
        os.execv(python, [python, *sys.argv])


def lay_over(venv: Path, over: Path) -> None:
    """Let the environment see the packages of `over` behind its own."""
    path, text = packages_of(venv) / SEEN, f"{packages_of(over)}\n"
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def write_launcher(venv: Path) -> None:
    """Put the command `datalines` beside the environment's python, if it is not there already."""
    launcher = venv / "bin" / "datalines"
    text = LAUNCHER.replace("PYTHON -P", f"{shlex.quote(str(venv / 'bin' / 'python'))} -P")
    if not launcher.is_file() or launcher.read_text() != text:
        launcher.write_text(text)
        launcher.chmod(0o755)


def build(venv: Path, wanted: str) -> None:
    """Bring `venv` to what `wanted` needs. One process at a time: a second one waits, then finds nothing to do."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_name(venv.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"setup: another set-up of {venv} is running: waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        layers = missing_layers(venv, wanted)
        if not layers:
            return
        started = time.monotonic()
        discard_broken(venv)
        check_space(venv.parent, layers)
        ensure_venv(venv)
        incomplete = venv / "setup-incomplete"
        incomplete.touch()
        (packages_of(venv) / SEEN).unlink(missing_ok=True)  # pip must not take them for this environment's own
        for layer in layers:
            install(venv, layer, lock.fileno())
            (venv / f"setup-{layer}.stamp").write_text(fingerprint(layer, version_of(venv)) + "\n")
        incomplete.unlink()
        print(f"setup: {venv} is ready ({time.monotonic() - started:.0f} s)", flush=True)


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layer", choices=sorted(LAYERS))
    parser.add_argument("--venv", type=Path, default=ENVS.parent / ".venv", help="where (default: .venv)")
    parser.add_argument("--over", type=Path, default=ENVS.parent / ".venv", help="under an overlay (default: .venv)")
    options = parser.parse_args()
    try:
        use_new_enough_python()
        venv, over = options.venv.absolute(), options.over.absolute()
        check_alone(venv, options.layer)
        if options.layer in OVERLAYS:
            check_under(options.layer, over)
        if missing_layers(venv, options.layer):
            build(venv, options.layer)
        if options.layer in OVERLAYS:
            lay_over(venv, over)
        if "demo" in LAYERS[options.layer]:
            write_launcher(venv)
    except SetupError as error:
        print(f"setup: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next call starts the environment afresh", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
