"""Images reduced to what a sheet of samples shows."""

from PIL import Image

SHARPEST = 480  # pixels of the longer side of a drawn image: more than any cell shows when printed


def reduced(image: Image.Image) -> Image.Image:
    """The image as RGB, its longer side at most as many pixels as a sheet shows: files and memory stay small."""
    image = image.convert("RGB")
    scale = SHARPEST / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
