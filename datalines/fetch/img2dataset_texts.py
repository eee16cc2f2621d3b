"""What the error texts of img2dataset mean: they are those of Python's urllib, socket and ssl modules."""

import re

from datalines.fetch.img2dataset_run import REFUSED
from datalines.fetch.statuses import (
    CONNECT_FAILED,
    CONNECTION_LOST,
    DNS_FAILED,
    INVALID_URL,
    OPT_OUT,
    REFUSED_SCHEME,
    THROTTLED,
    TIMEOUT,
    TLS_FAILED,
    TOO_MANY_REDIRECTS,
    http_status,
)

CODE = re.compile(r"^HTTP Error (\d{3})\b")
# Tried in this order; a text that none matches is of an answer that broke off.
MEANINGS = (
    (r"X-Robots-Tag", OPT_OUT),
    (r"infinite loop", TOO_MANY_REDIRECTS),
    (r"redirection to url .* is not allowed|unknown url type", REFUSED_SCHEME),
    (
        r"Name or service not known|name resolution|No address associated|nodename nor servname|"
        r"\[Errno -\d+\]|getaddrinfo failed",
        DNS_FAILED,
    ),
    (r"ssl|certificate", TLS_FAILED),
    (r"timed out", TIMEOUT),
    (
        r"Connection refused|unreachable|No route to host|Cannot assign requested address|\[Errno (?:111|113|101|99)\]",
        CONNECT_FAILED,
    ),
    (r"can't contain control characters|nonnumeric port|no host given|codec can't encode|Invalid IPv6", INVALID_URL),
)


def status_of(text: str) -> str:
    """The status, one of datalines.fetch.statuses, that an error text of img2dataset stands for."""
    refused = text.partition(REFUSED)[2]
    if refused:
        return re.split(r"[ >]", refused)[0]
    meaning = next((status for pattern, status in MEANINGS if re.search(pattern, text, re.IGNORECASE)), None)
    if meaning is not None:
        return meaning
    code = code_of(text)
    if code == 429:
        return THROTTLED
    return http_status(code) if code else CONNECTION_LOST


def code_of(text: str) -> int:
    """The HTTP code in an error text of img2dataset, 0 if there is none."""
    found = CODE.match(text)
    return int(found[1]) if found else 0
