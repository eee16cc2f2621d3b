"""Secrets in addresses: user names, tokens and signatures. They are not written into logs, tables or receipts."""

import re
from urllib.parse import urlsplit

HIDDEN = "..."
_NAMES = (
    r"(?:x-(?:amz|goog|oss|cos)-)?(?:signature|credential|security-token)|sig|sign|token|[a-z_-]*[_-]token|jwt|auth|"
    r"authorization|api[_-]?key|apikey|access[_-]?key(?:[_-]?id)?|awsaccesskeyid|googleaccessid|key-pair-id|policy|"
    r"secret|client[_-]secret|pass|passwd|password|pwd|session(?:[_-]?id)?"
)
_VALUE = re.compile(rf"(?P<before>(?:^|[?&;])(?:{_NAMES})=)(?P<value>[^&;#\s'\"]+)", re.IGNORECASE)
_USER = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://)[^/?#\s@]+@", re.IGNORECASE)


def redacted(text: str) -> str:
    """An address, or a text that holds some, with the values of what grants access replaced by three dots."""
    return _VALUE.sub(rf"\g<before>{HIDDEN}", _USER.sub(rf"\g<before>{HIDDEN}@", text))


def secret_in(url: str) -> str:
    """What of an address grants access, as a noun: `a user name`, `the parameter token`; empty without any."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "a user name"
    found = _VALUE.search(f"?{parts.query}")
    return f"the parameter {found['before'].strip('?&;=')}" if found else ""
