"""Decoders of training images: bytes in, RGB out, and a name that says whose pixels they are.

Decoders differ in single grey levels, which can move predictions; so a run records which one it used.
"""

from collections.abc import Callable
from dataclasses import dataclass

import PIL
import torch
from PIL import Image, features

from datalines.errors import DatalinesError
from datalines.images import ImageError, decode, opened

JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Decoder:
    """`decode` takes the bytes and the least length in pixels that the shorter side must keep; it raises ImageError.

    `identity` names library, version and the library beneath it.
    """

    identity: str
    decode: Callable[[bytes, int], Image.Image]


def decoder(name: str) -> Decoder:
    """The decoder that a recipe names: the reference `pillow`, `pillow-reduced` or `torchvision`."""
    if name not in DECODERS:
        raise DatalinesError(f"decoder: {name!r} is not known; write one of {', '.join(DECODERS)}")
    return DECODERS[name]()


def _pillow() -> Decoder:
    return Decoder(_pillow_identity(), lambda data, least: decode(data))


def _pillow_reduced() -> Decoder:
    """JPEGs at least twice as large as needed are decoded at 1/2, 1/4 or 1/8 of their size, which costs far less."""
    return Decoder(f"{_pillow_identity()}, JPEGs reduced by their transform", decode)


def _torchvision() -> Decoder:
    """RGB and grey JPEGs by torchvision, everything else by Pillow."""
    import torchvision
    from torchvision.io import ImageReadMode, decode_jpeg

    def read(data: bytes, least: int) -> Image.Image:
        if not data.startswith(JPEG):
            return decode(data)
        with opened(data) as image:
            if image.mode not in ("RGB", "L"):
                return decode(data)
        try:
            pixels = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)
        except RuntimeError as error:
            raise ImageError(f"torchvision: {str(error).splitlines()[0]}") from error
        return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())

    return Decoder(f"torchvision {torchvision.__version__} for JPEGs, else {_pillow_identity()}", read)


def _pillow_identity() -> str:
    turbo = features.version_feature("libjpeg_turbo")
    beneath = f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version_codec('jpg')}"
    return f"pillow {PIL.__version__} with {beneath}"


DECODERS: dict[str, Callable[[], Decoder]] = {
    "pillow": _pillow,
    "pillow-reduced": _pillow_reduced,
    "torchvision": _torchvision,
}
