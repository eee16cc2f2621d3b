"""Writing the pages: one folder, replaced as a whole, and a manifest with the digest of every file in it."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from datalines.files import write_json
from datalines.site.jobs import size_text

ASSETS = Path(__file__).resolve().parent / "assets"
FOLDER = "pages"
"""Folder of the pages beside the report's own page."""
SCRIPTS = ("plot.js", "dates.js")


class Pages:
    """Pages of one site, by file name, rendered with the templates of `assets`."""

    def __init__(self, style: str, everywhere: Mapping[str, Any]) -> None:
        """`style` goes before the site's own, `everywhere` to every template."""
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(ASSETS),
            autoescape=True,
            auto_reload=False,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["bytes"] = size_text
        self._everywhere = everywhere
        own = (ASSETS / "site.css").read_text(encoding="utf-8")
        self.files = {"site.css": f"{style}\n{own}"}
        self.files |= {name: (ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS}

    def add(self, name: str, template: str, **values: Any) -> None:
        """Render a page."""
        self.files[name] = self._environment.get_template(template).render({**self._everywhere, **values})

    def write(self, report: Path) -> list[dict[str, Any]]:
        """Write the folder beside `report`, in the place of an earlier one; returns {path, bytes, sha256} of all files.

        The files get their name together: a reader finds the old folder or the new one.
        """
        report.mkdir(parents=True, exist_ok=True)
        for left in report.glob(f".{FOLDER}.*"):
            shutil.rmtree(left)
        new, old = (report / f".{FOLDER}.{os.getpid()}.{age}.tmp" for age in ("new", "old"))
        new.mkdir()
        entries = []
        for name, text in sorted(self.files.items()):
            content = text.encode("utf-8")
            (new / name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            entries.append({"path": f"{FOLDER}/{name}", "bytes": len(content), "sha256": digest})
        if (report / FOLDER).exists():
            (report / FOLDER).replace(old)
        new.replace(report / FOLDER)
        shutil.rmtree(old, ignore_errors=True)
        return entries


def write_manifest(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write the digests of all pages, which vouch for them."""
    write_json(path, {"schema": 1, "pages": list(entries)})
