"""When and where the jobs ran, in one file beside the receipts: pages hold no times, so that two clean runs share them.

It is a script and not JSON, because a page that was opened from a disk may load scripts beside it and nothing else.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from datalines.audit.results import RECEIPTS, Receipt
from datalines.files import write_text

DATES = f"{RECEIPTS}/dates.js"
SAID = ("started", "seconds", "host")


def write_dates(root: Path, receipts: Iterable[Receipt]) -> None:
    """Write the file for the pages of the results below `root`; nothing where there are no receipts."""
    found = {job.path: {key: str(job.said.get(key, "")) for key in SAID} for job in receipts}
    if found:
        text = json.dumps(found, indent=0, sort_keys=True)
        write_text(root / DATES, f"window.datalinesDates = {text};\n")
