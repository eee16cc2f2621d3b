"""The closed list of statuses that an item of a URL pool can end with, beside `ok`, and what each of them allows.

An HTTP code that is neither success nor throttling is a status of its own: `http_404`, `http_500`.
"""

# What is wrong with the row of the list: never requested.
INVALID_URL = "invalid_url"
REFUSED_SCHEME = "refused_scheme"
EMPTY_CAPTION = "empty_caption"
UNDECODABLE_CAPTION = "undecodable_caption"
CAPTION_TOO_LONG = "caption_too_long"
MALFORMED_ROW = "malformed_row"
DUPLICATE_ROW = "duplicate_row"
LIST_STATUSES = (
    INVALID_URL,
    REFUSED_SCHEME,
    EMPTY_CAPTION,
    UNDECODABLE_CAPTION,
    CAPTION_TOO_LONG,
    MALFORMED_ROW,
    DUPLICATE_ROW,
)

# What happened on the way; `http_<code>` belongs here too.
DNS_FAILED = "dns_failed"
CONNECT_FAILED = "connect_failed"
TLS_FAILED = "tls_failed"
TIMEOUT = "timeout"
CONNECTION_LOST = "connection_lost"
THROTTLED = "throttled"
TOO_MANY_REDIRECTS = "too_many_redirects"
REFUSED_ADDRESS = "refused_address"
TOO_LARGE = "too_large"
OPT_OUT = "opt_out"
REMOVED_IMAGE = "removed_image"
NETWORK_STATUSES = (
    DNS_FAILED,
    CONNECT_FAILED,
    TLS_FAILED,
    TIMEOUT,
    CONNECTION_LOST,
    THROTTLED,
    TOO_MANY_REDIRECTS,
    REFUSED_ADDRESS,
    TOO_LARGE,
    OPT_OUT,
    REMOVED_IMAGE,
)

# What is wrong with the bytes that came.
EMPTY_BODY = "empty_body"
NOT_AN_IMAGE = "not_an_image"
UNDECODABLE_IMAGE = "undecodable_image"
TOO_MANY_PIXELS = "too_many_pixels"
TOO_SMALL = "too_small"
ANIMATED = "animated"
HASH_MISMATCH = "hash_mismatch"
CONTENT_STATUSES = (
    EMPTY_BODY,
    NOT_AN_IMAGE,
    UNDECODABLE_IMAGE,
    TOO_MANY_PIXELS,
    TOO_SMALL,
    ANIMATED,
    HASH_MISMATCH,
)

# So many of these that no list explains them mean that the machine has no network, not that the links are dead.
OUTAGE = frozenset({DNS_FAILED, CONNECT_FAILED})


def http_status(code: int) -> str:
    """The status of an answer with this HTTP code: `http_404`."""
    return f"http_{code}"


# Worth asking again in a later round: they speak of a moment, not of the link.
RETRYABLE = frozenset(
    {DNS_FAILED, CONNECT_FAILED, TLS_FAILED, TIMEOUT, CONNECTION_LOST, THROTTLED, http_status(408)}
    | {http_status(code) for code in range(500, 600)}
)


def is_retryable(status: str) -> bool:
    """Whether a later round asks again for an item that ended with this status."""
    return status in RETRYABLE
