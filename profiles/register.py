"""Register profiles/slurm for this user: after `make profile`, `snakemake --profile slurm` works in the checkout.

A link in the folder where Snakemake looks for profiles ($XDG_CONFIG_HOME/snakemake, else ~/.config/snakemake) points to
the checkout's profile, so that an edit of that file holds at once. Whatever else stands there is left as it is.
"""

import os
import sys
from pathlib import Path

NAME = "slurm"
OURS = Path(__file__).resolve().parent / NAME


class TakenError(Exception):
    """Something else stands where the link would be; the text says what to do."""


def place() -> Path:
    """Where Snakemake looks for a user's profile of this name."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "snakemake" / NAME


def register(link: Path) -> str:
    """Make the link if it is not there; returns what was done. TakenError if something else is there."""
    if link.is_symlink() and link.resolve() == OURS:
        return f"{link} points to {OURS} already"
    if link.is_symlink() and not link.exists():
        link.unlink()  # to a checkout that is gone
    if link.is_symlink() or link.exists():
        what = f"points to {link.resolve()}" if link.is_symlink() else "is a profile of your own"
        raise TakenError(
            f"{link} {what} and is left as it is. Move it away and call this again, or use this checkout's profile "
            f"without registering it: snakemake --workflow-profile profiles/{NAME}"
        )
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(OURS, target_is_directory=True)
    return f"{link} points to {OURS} now: snakemake --profile {NAME} works in this checkout"


def main() -> int:
    """Command line; returns the exit status."""
    try:
        sys.stdout.write(register(place()) + "\n")
    except (TakenError, OSError) as error:
        sys.stderr.write(f"profile: error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
