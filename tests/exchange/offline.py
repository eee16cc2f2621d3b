"""Lets rocrate-validator work without a network: the context of RO-Crate 1.1, from rocrate, goes into its cache."""

import json
from pathlib import Path

import requests
from requests_cache import CachedSession
from rocrate.vocabs import RO_CRATE
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def warm(cache: Path) -> None:
    """Write the cache of the validator's option --cache-path."""
    assert RO_CRATE["@id"] == CONTEXT, f"this rocrate brings {RO_CRATE['@id']}; envs/exchange.in names the versions"
    response = requests.Response()
    response.status_code = 200
    response.url = CONTEXT
    response.headers["Content-Type"] = "application/ld+json"
    response._content = json.dumps(RO_CRATE).encode()
    response.raw = HTTPResponse(status=200, headers=response.headers)
    response.request = requests.Request("GET", CONTEXT).prepare()
    CachedSession(cache_name=str(cache), backend="sqlite").cache.save_response(response)
