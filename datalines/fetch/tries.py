"""One request on its way to an answer: its tries, its redirects, and what each outcome means for it."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from datalines.fetch import statuses
from datalines.fetch.addresses import AddressError, canonical_url, check_host
from datalines.fetch.answers import NETWORK, Answer, Request
from datalines.fetch.client import REDIRECT, Hop, host_of
from datalines.fetch.policy import Policy
from datalines.fetch.secrets import redacted

_CONNECT = frozenset({statuses.DNS_FAILED, statuses.CONNECT_FAILED, statuses.TLS_FAILED})
_AGAIN = statuses.RETRYABLE - _CONNECT


@dataclass(eq=False)
class Job:
    """A request and where it stands. `url` is asked for next, not before `not_before` on the event loop's clock;
    `spent` are the seconds that the present try has been under way."""

    request: Request
    url: str = ""
    host: str = ""
    redirects: int = 0
    attempts: int = 0
    connect_failures: int = 0
    http_failures: int = 0
    not_before: float = 0.0
    spent: float = 0.0
    started: float = 0.0
    http_status: int = 0
    content_type: str = ""

    def answer(self, status: str, message: str, body: bytes, now: float, origin: str = NETWORK) -> Answer:
        """The answer at wall-clock time `now`."""
        started = self.started or now
        return Answer(
            url=self.request.url,
            status=status,
            message=message,
            attempts=self.attempts,
            started=started,
            seconds=max(0.0, now - started),
            final_url=self._final_url(),
            http_status=self.http_status,
            origin=origin,
            content_type=self.content_type,
            body=body,
            tag=self.request.tag,
        )

    def _final_url(self) -> str:
        """The last URL asked for. Sites redirect to signed addresses, which are keys as long as they are valid."""
        return redacted(self.url) if self.redirects else self.url or self.request.url


@dataclass(frozen=True)
class Verdict:
    """What follows from an outcome: the end with a status, or (status empty) the next request of the job.

    `failures`, if not 0, is the number of failures of its kind so far, for the back-off.
    """

    status: str = ""
    message: str = ""
    failures: int = 0


def aim(job: Job, url: str, policy: Policy) -> Verdict:
    """Let the job ask for `url` next, if that may be asked for at all."""
    try:
        target = canonical_url(url)
        job.url, job.host = target, host_of(target)
        check_host(job.host, policy.allow_private)
    except AddressError as error:
        return Verdict(error.status, str(error))
    if _is_removed(target, policy.removed):
        return Verdict(statuses.REMOVED_IMAGE, f"the host shows {redacted(target)} in its place")
    return Verdict()


def judge(job: Job, hop: Hop, policy: Policy) -> Verdict:
    """What the outcome of a job's request means: the end, a redirect, or another try from the beginning."""
    job.http_status, job.content_type = hop.http_status, hop.content_type
    if hop.status == REDIRECT:
        return _follow(job, hop, policy)
    if hop.status in _CONNECT:
        job.connect_failures += 1
        return _again(job, hop, policy, job.connect_failures, policy.connect_tries)
    if hop.status in _AGAIN and not (hop.wait is not None and hop.wait > policy.retry_after_cap):
        job.http_failures += 1
        return _again(job, hop, policy, job.http_failures, policy.http_tries)
    if hop.status in _AGAIN:
        text = f"asked to wait {hop.wait:.0f} s, more than {policy.retry_after_cap:g} s"
        return Verdict(statuses.THROTTLED, text)
    return Verdict(hop.status, hop.message)


def _follow(job: Job, hop: Hop, policy: Policy) -> Verdict:
    job.redirects += 1
    if job.redirects > policy.max_redirects:
        return Verdict(statuses.TOO_MANY_REDIRECTS, f"more than {policy.max_redirects}")
    try:
        # Header bytes that are not UTF-8 arrive as surrogates; a URL holds them percent-encoded.
        location = hop.location.encode("utf-8", "surrogateescape").decode("latin-1")
        text = "".join(char if char.isascii() else f"%{ord(char):02X}" for char in location)
        verdict = aim(job, urljoin(job.url, text), policy)
    except ValueError as error:
        verdict = Verdict(statuses.INVALID_URL, str(error))
    if verdict.status == statuses.INVALID_URL:
        return Verdict(
            statuses.http_status(hop.http_status), f"redirects to {redacted(hop.location)[:200]!r}: {verdict.message}"
        )
    return verdict


def _again(job: Job, hop: Hop, policy: Policy, failures: int, tries: int) -> Verdict:
    if failures >= tries:
        return Verdict(hop.status, hop.message)
    job.redirects, job.spent = 0, 0.0
    verdict = aim(job, job.request.url, policy)
    return verdict if verdict.status else Verdict(failures=failures)


def _is_removed(url: str, suffixes: tuple[str, ...]) -> bool:
    """Whether host and path of a URL end with one of the suffixes, at the border of a host's label or of a path."""
    parts = urlsplit(url)
    place = parts.netloc + parts.path
    for suffix in suffixes:
        before = place[: -len(suffix)] if place.endswith(suffix) else None
        if before is not None and (suffix.startswith("/") or before == "" or before.endswith((".", "/"))):
            return True
    return False
