"""Which status an exception of the HTTP client stands for."""

import errno
import ssl
import zlib

import aiohttp

from datalines.errors import FetchError
from datalines.fetch import statuses
from datalines.fetch.policy import Policy
from datalines.fetch.resolver import RefusedAddressError


def failure(error: Exception, policy: Policy) -> tuple[str, str]:
    """Status and message of a request that ended with `error`.

    Raises FetchError where this machine, and no host, is at fault: no more files can be opened.
    """
    cause: Exception = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    text = " ".join(str(cause).split())[:300] or type(cause).__name__
    if isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE):
        raise FetchError(
            f"fetch.concurrency: {policy.concurrency} requests at a time need more open files than this machine "
            "allows; write a smaller number, or raise the limit with ulimit -n"
        ) from error
    if isinstance(cause, RefusedAddressError):
        return statuses.REFUSED_ADDRESS, str(cause.args[-1])
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return statuses.DNS_FAILED, str(cause.args[-1])[:300]
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch | ssl.SSLError):
        return statuses.TLS_FAILED, text
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return statuses.CONNECT_FAILED, f"no connection within {policy.connect:g} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return statuses.CONNECT_FAILED, text
    if isinstance(error, aiohttp.SocketTimeoutError):
        return statuses.TIMEOUT, f"nothing came for {policy.read:g} s"
    if isinstance(error, TimeoutError):
        return statuses.TIMEOUT, f"not done within {policy.total:g} s"
    if isinstance(error, aiohttp.InvalidURL):
        return statuses.INVALID_URL, text
    return statuses.CONNECTION_LOST, _lost(error, text)


def _lost(error: Exception, text: str) -> str:
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body ended early"
    if isinstance(error, zlib.error):
        return f"the packed body is broken: {text}"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"not an HTTP answer: {text}"
    return text
