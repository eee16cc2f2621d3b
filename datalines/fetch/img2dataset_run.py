"""What runs inside img2dataset's own environment: img2dataset, made to ask as this project's policy says.

Called by datalines/fetch/img2dataset.py as `python -P img2dataset_run.py`, with its settings in the file that $SETTINGS
names. Needs the standard library and img2dataset only. img2dataset names itself a browser, follows redirects to any
address, and takes answers of any size; a handler that every request and every redirect passes corrects this. The texts
of its errors begin with REFUSED.
"""

import importlib
import ipaddress
import json
import os
import signal
import socket
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

REFUSED = "datalines: "
SETTINGS = "DATALINES_IMG2DATASET_SETTINGS"


class Policy(urllib.request.BaseHandler):
    """Names us, and stops at addresses, redirects and sizes that the policy refuses."""

    handler_order = 100

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Check where the request goes and who it says we are."""
        if request.full_url.split("#")[0].endswith(tuple(self.settings["removed"])):
            raise URLError(f"{REFUSED}removed_image")
        if not self.settings["allow_private"]:
            check_public(request)
        request.add_header("User-agent", self.settings["user_agent"])
        request.add_header("Accept", "image/*")
        return request

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        """Refuse what is announced as too large."""
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self.settings["max_bytes"]:
            raise URLError(f"{REFUSED}too_large")
        return response

    def ftp_open(self, request: urllib.request.Request) -> None:
        """Refuse what urllib would fetch by other protocols."""
        raise URLError(f"{REFUSED}refused_scheme")

    https_request = http_request
    https_response = http_response


def check_public(request: urllib.request.Request) -> None:
    """Raise URLError unless all addresses of the request's host are public."""
    parts = urlsplit(request.full_url)
    for *_, address in socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM):
        ip = ipaddress.ip_address(address[0])
        inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
        if not inner.is_global or inner.is_multicast:
            raise URLError(f"{REFUSED}refused_address {ip}")


def install(settings: dict[str, Any]) -> None:
    """Make every request of this process follow the policy; proxies of the environment are not used."""
    urllib.request.HTTPRedirectHandler.max_redirections = settings["max_redirects"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Policy(settings))
    urllib.request.install_opener(opener)


def end_with_caller() -> None:
    """Kill this process and its workers as soon as the caller's end of the standard input is closed."""
    sys.stdin.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


# At import, not below: img2dataset's worker processes import this file again and go on from there.
if SETTINGS in os.environ:
    given = json.loads(Path(os.environ[SETTINGS]).read_text(encoding="utf-8"))
    install(given)

if __name__ == "__main__":
    threading.Thread(target=end_with_caller, daemon=True).start()
    importlib.import_module("img2dataset").download(**given["download"])
