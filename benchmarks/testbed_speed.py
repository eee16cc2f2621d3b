"""Images a second that the embedded testbed draws and encodes on one core; prints one line of JSON.

Usage: python -m benchmarks.testbed_speed [images] [repeats]
"""

import json
import statistics
import sys
import time

from datalines.testbed.domain import STYLES, Domain
from datalines.testbed.generate import encode_jpeg, generate


def speed(domain: Domain, images: int) -> float:
    """Images a second of processor time, captions and JPEG encoding included."""
    started = time.process_time()
    for example in generate(domain, 0, 0, images):
        encode_jpeg(example.image, domain.jpeg_quality)
    return images / (time.process_time() - started)


def main(images: int = 2048, repeats: int = 5) -> None:
    """Median and range over the repeats, for 32 px squares and for the default sizes, all styles evenly."""
    styles = {style: 1 / len(STYLES) for style in STYLES}
    domains = {"square-32": Domain(styles=styles, size=(32, 32), aspect=(1, 1)), "default-sizes": Domain(styles=styles)}
    results: dict[str, object] = {
        "benchmark": "testbed_speed",
        "unit": "images/s per core",
        "images": images,
        "repeats": repeats,
    }
    for name, domain in domains.items():
        speed(domain, 256)  # fill the caches
        rates = [speed(domain, images) for _ in range(repeats)]
        results[name] = {"median": round(statistics.median(rates)), "min": round(min(rates)), "max": round(max(rates))}
    sys.stdout.write(json.dumps(results) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
