"""How the network may be used: who we say we are, how much at once, how long, how often, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_RETRY_AFTER_CAP = 600.0


@dataclass(frozen=True)
class Host:
    """What one host is asked for: requests a second (None: no limit), how many may come at once after a rest
    (`burst`), and how many may be open at a time."""

    rate: float | None = None
    burst: int = 1
    concurrency: int = 4


@dataclass(frozen=True)
class Policy:
    """The `fetch` section of a pool of URLs. Times in seconds, sizes in bytes.

    `connect` bounds the making of a connection, `read` the wait for the next bytes, `total` one try with all its
    redirects. `connect_tries` are for names, connections and TLS, `http_tries` for answers that may get better: 408,
    429, 5xx, time-outs and lost connections. A wait that a host asks for beyond `retry_after_cap` is not waited for.
    `lookups` is the number of names that are looked up at once.
    """

    user_agent: str
    concurrency: int = 64
    connect: float = 10.0
    read: float = 20.0
    total: float = 60.0
    connect_tries: int = 2
    http_tries: int = 3
    backoff_base: float = 1.0
    backoff_cap: float = 60.0
    host: Host = field(default_factory=Host)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    max_bytes: int = 50_000_000
    max_redirects: int = 5
    opt_out_header: str = "X-Robots-Tag"
    opt_out_tokens: frozenset[str] = frozenset({"noai", "noimageai", "noindex", "noimageindex"})
    removed: tuple[str, ...] = ()
    allow_private: bool = False
    retry_after_cap: float = DEFAULT_RETRY_AFTER_CAP
    lookups: int = 32

    def limits(self, host: str) -> Host:
        """The limits of a host, by its exact name; `host` for all that are not named."""
        return self.hosts.get(host, self.host)


def policy_of(fetch: Mapping[str, Any]) -> Policy:
    """The policy of a resolved `fetch` section; keys of a named host that are left out are those of `host`."""
    default = dict(fetch["host"])
    return Policy(
        user_agent=fetch["user_agent"],
        concurrency=fetch["concurrency"],
        connect=float(fetch["timeout"]["connect"]),
        read=float(fetch["timeout"]["read"]),
        total=float(fetch["timeout"]["total"]),
        connect_tries=fetch["tries"]["connect"],
        http_tries=fetch["tries"]["http"],
        backoff_base=float(fetch["backoff"]["base"]),
        backoff_cap=float(fetch["backoff"]["cap"]),
        host=Host(**default),
        hosts={name.lower(): Host(**(default | dict(limits))) for name, limits in fetch["hosts"].items()},
        max_bytes=fetch["max_bytes"],
        max_redirects=fetch["max_redirects"],
        opt_out_header=fetch["opt_out"]["header"],
        opt_out_tokens=frozenset(token.lower() for token in fetch["opt_out"]["tokens"]),
        removed=tuple(fetch["removed"]),
        allow_private=fetch["allow_private"],
        retry_after_cap=float(fetch["backoff"].get("retry_after", DEFAULT_RETRY_AFTER_CAP)),
    )
