"""A checkout with the study `web`, and the pictures that a server of this machine holds for it."""

import contextlib
import hashlib
import io
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from datalines.fetch.addresses import canonical_url
from datalines.pools.base import item_id
from tests.web.server import Site
from tests.workflow.checkout import SNAKEMAKE, Call, Checkout, make

PICTURES = 48
STUDY = "config/examples/web.yaml"


class WebCheckout(Checkout):
    """A checkout whose study is `web`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, root / "data")
        self.results = root / "results" / "web"

    def environment(self, **variables: str) -> dict[str, str]:
        """With $TINY as a path that is the same in every copy of the checkout."""
        return {**super().environment(**variables), "TINY": "data"}

    def call(self, *arguments: str, scale: str = "web", **variables: str) -> Call:
        return super().call(*arguments, scale=scale, **variables)

    def study(self, old: str, new: str) -> None:
        self.edit(STUDY, old, new)

    def copy(self, target: Path) -> "WebCheckout":
        super().copy(target)
        return WebCheckout(target)

    def killed_in(self, stage: str, *targets: str) -> bool:
        """Begin to build some targets; as soon as a job of a rule has begun, everything that was started is killed.

        Returns whether it came to that before all was done.
        """
        logs = self.results / "logs" / stage
        begun = set(logs.glob("*"))
        command = [*SNAKEMAKE, *targets, "--config", "scale=web"]
        process = subprocess.Popen(
            command, cwd=self.root, env=self.environment(), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and not set(logs.glob("*")) - begun:
            time.sleep(0.02)
        running = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return running

    def rows(self, pool: str = "wide") -> pd.DataFrame:
        """The rows of all parts of a pool."""
        parts = sorted((self.results / "pools" / pool).glob("*.json"))
        return pd.concat([pd.read_parquet(path.with_suffix(".parquet")) for path in parts], ignore_index=True)


def make_web(root: Path, site: Site) -> WebCheckout:
    """A fresh checkout with the study `web` and the list of a server."""
    checkout = WebCheckout(root)
    make(root, checkout.data)
    (root / STUDY).write_text(Path(__file__).with_name("web.yaml").read_text())
    checkout.data.mkdir()
    write_list(checkout.data, default_rows(site))
    write_takedown(checkout.data)
    return checkout


def picture(number: int) -> bytes:
    """A small JPEG, another one for each number, always the same bytes."""
    generator = np.random.default_rng(number)
    coarse = generator.integers(0, 255, (6, 7, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((56, 48), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def row_id(url: str, caption: str) -> str:
    """The id that a row of the list gets."""
    digest = hashlib.blake2b(caption.encode()).hexdigest()[:8]
    return item_id("wide", f"{canonical_url(url)} {digest}")


def write_list(data: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """wide.tsv: (address, text, lang)."""
    lines = ["\t".join(row) for row in [("address", "text", "lang"), *rows]]
    (data / "wide.tsv").write_text("\n".join(lines) + "\n")


def default_rows(site: Site) -> list[tuple[str, str, str]]:
    """English pictures that are there, some that are gone or no pictures, and a row in another language."""
    rows = [(site.put(f"/picture/{n}.jpg", picture(n)), f"picture number {n} of many", "en") for n in range(PICTURES)]
    rows.append((site.url("/gone/1.jpg"), "a picture that is gone", "en"))
    rows.append((site.put("/page.jpg", b"<html>no picture</html>", "text/html"), "not a picture at all", "en"))
    rows.append((site.url("/500.jpg"), "a picture that comes later", "en"))
    rows.append((rows[0][0], "the first picture again", "en"))
    rows.append((site.put("/other.jpg", picture(900)), "ein anderes Bild", "de"))
    rows.append((site.put("/short.jpg", picture(901)), "short", "en"))
    return rows


def write_takedown(data: Path, lines: Iterable[str] = ()) -> None:
    """takedown.csv with a header and some lines `pool,id,url`."""
    (data / "takedown.csv").write_text("\n".join(["pool,id,url", *lines]) + "\n")
