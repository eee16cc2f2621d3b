"""What the engine is asked and what it answers."""

from dataclasses import dataclass

OK = "ok"
NETWORK = "network"
MIRROR = "mirror"


@dataclass(frozen=True)
class Request:
    """A canonical URL that is asked for; `tag` is the caller's own and comes back with the answer."""

    url: str
    tag: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of one request.

    `status` is `ok` or one of datalines.fetch.statuses; `attempts` counts the tries (0 where nothing was sent);
    `started` is the first of them in seconds since the epoch, `seconds` the time from there to the end with all waits;
    `final_url` is the last URL asked for and `http_status` its code (0 if none came); `origin` is `network` or
    `mirror`; `body` is empty unless the status is `ok`.
    """

    url: str
    status: str
    message: str
    attempts: int
    started: float
    seconds: float
    final_url: str
    http_status: int
    origin: str
    content_type: str
    body: bytes
    tag: str = ""
