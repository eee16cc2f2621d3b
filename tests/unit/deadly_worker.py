"""An image process that ends itself over images that begin with `deadly`, as a flaw in a decoder might end it."""

import json
import os
import sys
from typing import Any

from datalines.fetch import workers
from datalines.fetch.images import Prepared, prepare


def fragile(body: bytes, image: dict[str, Any]) -> Prepared:
    """As `prepare`, if it lives."""
    if body.startswith(b"deadly"):
        os.abort()
    return prepare(body, image)


if __name__ == "__main__":
    workers.prepare = fragile
    workers.serve(json.loads(sys.argv[1]))
