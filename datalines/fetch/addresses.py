"""URLs in one spelling, and which network addresses may be connected to at all."""

import ipaddress
import re
from urllib.parse import quote, urlsplit

from yarl import URL

from datalines.fetch.statuses import INVALID_URL, REFUSED_ADDRESS, REFUSED_SCHEME

MAX_URL = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}

# URLs that are canonical as they stand, to be tested in bulk: a plain host with a last label that is no number, no
# port, no fragment, and no path segment or character that would be rewritten. Everything else goes through
# `canonical_url`. Without look-around, so that every engine of regular expressions takes it.
PLAIN_URL = (
    r"^https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,3}[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:/[A-Za-z0-9_~%:@!$&'()*+,;=-][A-Za-z0-9._~%:@!$&'()*+,;=-]*)+/?"
    r"(?:\?[A-Za-z0-9._~%:@!$&'()*+,;=/?-]+)?$"
)

_PLAIN = re.compile(PLAIN_URL)
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LABEL = re.compile(r"^[a-z0-9_-]{1,63}$")
_NUMBER = re.compile(r"^(?:0x[0-9a-f]*|[0-9]+)$")
# RFC 3986, sections 2.2 and 2.3, and the percent sign of what is encoded already: sent as written.
_AS_WRITTEN = "/?:@!$&'()*+,;=-._~%[]"

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(ValueError):
    """A URL that cannot be asked for; `status` is the one that its row ends with."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


def canonical_url(text: str) -> str:
    """The one spelling of a URL by which it is known: scheme and host in lower case, IDNA (yarl), numeric hosts as
    addresses, no default port, no fragment, no `.` and `..` segments. Path and query stay as written, so that signed
    URLs stay valid; what a URL may not hold is percent-encoded. Idempotent.

    Raises AddressError with status `refused_scheme` for other schemes than http and https, else `invalid_url`.
    """
    text = text.strip()
    if len(text) <= MAX_URL and _PLAIN.match(text) and len(urlsplit(text).netloc) <= 253:
        return text
    scheme = check_scheme(text)
    if len(text) > MAX_URL:
        raise AddressError(INVALID_URL, f"longer than {MAX_URL} characters")
    if _CONTROL.search(text):
        raise AddressError(INVALID_URL, "holds a control character")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressError(INVALID_URL, str(error)) from error
    if "@" in parts.netloc:
        raise AddressError(INVALID_URL, "holds a user name")
    if not host:
        raise AddressError(INVALID_URL, "has no host")
    if port == 0:
        raise AddressError(INVALID_URL, "has port 0")
    name = canonical_host(host)
    name = f"[{name}]" if ":" in name else name
    netloc = name if port in (None, DEFAULT_PORTS[scheme]) else f"{name}:{port}"
    path = quote(_without_dots(parts.path), safe=_AS_WRITTEN) or "/"
    query = f"?{quote(parts.query, safe=_AS_WRITTEN)}" if parts.query else ""
    return f"{scheme}://{netloc}{path}{query}"


def check_scheme(text: str) -> str:
    """The scheme of a URL, `http` or `https`; AddressError with `refused_scheme` or, without one, `invalid_url`."""
    found = _SCHEME.match(text)
    if found is None:
        raise AddressError(INVALID_URL, "has no scheme such as https:")
    scheme = found.group(1).lower()
    if scheme not in DEFAULT_PORTS:
        raise AddressError(REFUSED_SCHEME, f"scheme {scheme[:40]}")
    return scheme


def canonical_host(host: str) -> str:
    """A host name in ASCII and lower case, or an address in its usual spelling whatever it was written in.

    127.1, 0x7f.1 and 2130706433 are 127.0.0.1, as the system's lookup and all browsers read them.
    """
    if ":" in host:
        return _ipv6(host)
    try:
        name = (URL.build(scheme="http", host=host).raw_host or "").lower()
    except ValueError as error:
        raise AddressError(INVALID_URL, f"host {host[:80]!r}: {error}") from error
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise AddressError(INVALID_URL, f"host {host[:80]!r} is no host name")
    return _ipv4(labels, host) if _NUMBER.match(labels[-1]) else name


def literal_ip(host: str) -> IP | None:
    """The address that a canonical host spells out, None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def check_host(host: str, allow_private: bool) -> None:
    """AddressError with `refused_address` if a canonical host is an address that may not be connected to."""
    address = literal_ip(host)
    if address is not None and not allow_private and not is_public(address):
        raise AddressError(REFUSED_ADDRESS, f"{address} is not a public address")


def is_public(address: IP | str) -> bool:
    """Whether an address belongs to the public internet (IANA's special-purpose registries, RFC 6890).

    An IPv6 address that carries an IPv4 address (mapped, 6to4, NAT64) is as public as the one it carries.
    """
    ip = ipaddress.ip_address(address) if isinstance(address, str) else address
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    if ip.scope_id is not None:
        return False
    carried = ip.ipv4_mapped or ip.sixtofour
    if carried is None and ip in _NAT64:
        carried = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if carried is not None:
        return is_public(carried)
    return ip in _GLOBAL_UNICAST and ip.is_global and ip not in _DOCUMENTATION


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError as error:
        raise AddressError(INVALID_URL, f"host [{host[:80]}]: {error}") from error
    if address.scope_id is not None:
        raise AddressError(INVALID_URL, f"host [{host[:80]}] names an interface of one machine")
    return address.compressed


def _ipv4(labels: list[str], host: str) -> str:
    """The address that one to four numbers spell, decimal, octal or hexadecimal; the last one fills what is left."""
    try:
        numbers = [_number(label) for label in labels]
        *first, last = numbers
        if len(numbers) > 4 or any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
            raise ValueError("out of range")
    except ValueError as error:
        raise AddressError(INVALID_URL, f"host {host[:80]!r} is no address: {error}") from error
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)


def _without_dots(path: str) -> str:
    """The path without `.` and `..` segments (RFC 3986, section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    first, *segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join([first, *kept])
