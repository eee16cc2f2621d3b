"""The image decoder: which build it is, and whether it decodes a JPEG to the pixels that the locked build gives.

Builds differ in the last bits of a JPEG's pixels, and with them accuracies in their last digits.
"""

import base64
import hashlib
import io

from PIL import Image, features

from datalines.doctor.line import Asked, Line, State, listed
from datalines.images import DECODER

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7"
    "gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8"
    "fHx8fHx8fHz/wAARCAAYACADASIAAhEBAxEB/8QAGAABAQEBAQAAAAAAAAAAAAAABAADAgb/xAAiEAABAwQCAgMAAAAAAAAAAAAB"
    "AAMhAgQRMVFxE0ESMmH/xAAXAQADAQAAAAAAAAAAAAAAAAACAwUG/8QAGxEAAgMBAQEAAAAAAAAAAAAAAAIBAwQRITH/2gAMAwEA"
    "AhEDEQA/APNNW5JmSOEhtg+wmt250dcpNNvogHrGkxQKtAShgg0n0Epu3Py+sHYPaVRb8gDCS2xExgJ6+FarQYtW+CSd9pdFtkQZ"
    "5UpIX4ZGp5NvEKRJO114jUfzhSlJ23vLzX3ws52nnT//2Q=="
)
"""32 x 24 pixels, 4:2:0, quality 40: every stage of decoding rounds."""
WHOLE, HALF = "d27b8191428f08d6", "c8e55ed75fccbdc7"
"""Digests of its pixels, and of those at half its size, as pillow 13.0.0 with libjpeg-turbo 3.2.0 gives them."""
CODECS = {"jpg": "JPEG", "zlib": "PNG", "webp": "WebP"}


def examine(asked: Asked) -> Line:
    """Formats, build, and the pixels of a small JPEG."""
    turbo = features.version("libjpeg_turbo") if features.check("libjpeg_turbo") else None
    build = f"{DECODER}, {f'libjpeg-turbo {turbo}' if turbo else 'libjpeg without turbo'}"
    lacking = [name for codec, name in CODECS.items() if not features.check(codec)]
    if lacking:
        text = f"{build}, without {listed(lacking)}"
        return Line("decoder", State.BROKEN, text, "Install pillow of envs/demo.lock: `make setup`.")
    if (pixels(JPEG), pixels(JPEG, (16, 12))) != (WHOLE, HALF):
        text = f"{build}: a test image has other pixels than with the locked build"
        return Line("decoder", State.LOOK, text, "Accuracies may differ in their last digits; receipts name the build.")
    return Line("decoder", State.OK, f"{build}: a test image has the expected pixels")


def pixels(data: bytes, least: tuple[int, int] | None = None) -> str:
    """The first 16 digits of the sha256 of the pixels of a JPEG, decoded to no less than `least`."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        if least is not None:
            image.draft(None, least)
        image.load()
        return hashlib.sha256(image.tobytes()).hexdigest()[:16]
