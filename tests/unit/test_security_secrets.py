"""Secrets stay where they are: not in logs, attempts, receipts or reports."""

import hashlib
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from datalines.environment import environment
from datalines.fetch import statuses
from datalines.fetch.answers import Request
from datalines.fetch.client import REDIRECT, Hop
from datalines.fetch.outcome import line_of, of_answer
from datalines.fetch.policy import Policy
from datalines.fetch.secrets import redacted, secret_in
from datalines.fetch.tries import Job, aim, judge
from datalines.job import run
from datalines.receipts import write_receipt

SECRET = "hf_" + hashlib.sha256(b"a token").hexdigest()
POLICY = Policy(user_agent="datalines/0 (+test@example.org)")
SIGNED = [
    f"https://cdn.example.org/a.jpg?X-Amz-Algorithm=A&X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}",
    f"https://storage.example.org/a.jpg?X-Goog-Signature={SECRET}",
    f"https://blob.example.org/a.jpg?sv=2022&sig={SECRET}",
    f"https://d1.example.org/a.jpg?Expires=1&Signature={SECRET}&Key-Pair-Id={SECRET}&Policy={SECRET}",
    f"https://example.org/a.jpg?access_token={SECRET}",
    f"https://example.org/a.jpg?width=3&token={SECRET}",
    f"https://example.org/a.jpg?api_key={SECRET}",
]


@pytest.mark.parametrize("url", [*SIGNED, f"https://user:{SECRET}@example.org/a.jpg"])
def test_what_grants_access_is_hidden_and_the_rest_is_not(url: str) -> None:
    shown = redacted(f"asked for {url} twice")
    assert SECRET not in shown
    assert shown.startswith("asked for https://")
    assert "/a.jpg" in shown
    assert shown.endswith(" twice")
    assert secret_in(url)


@pytest.mark.parametrize(
    "url",
    ["https://example.org/a.jpg", "https://example.org/a.jpg?width=3&design=oak", "https://h/signature/a@b.jpg?id=7"],
)
def test_plain_addresses_stay_as_they_are(url: str) -> None:
    assert redacted(url) == url
    assert not secret_in(url)


@pytest.mark.parametrize("signed", SIGNED)
def test_a_redirect_to_a_signed_address_leaves_no_signature_in_the_attempts(signed: str) -> None:
    job = Job(Request("https://example.org/a.jpg"))
    assert not aim(job, job.request.url, POLICY).status
    assert not judge(job, Hop(REDIRECT, http_status=302, location=signed), POLICY).status
    assert job.url == signed
    record = line_of(of_answer(job.answer("ok", "", b"", 1.0)))
    assert SECRET.encode() not in record
    assert b"/a.jpg" in record


@pytest.mark.parametrize(
    ("location", "status"),
    [
        (f"https://user:{SECRET}@example.org/a.jpg", "http_302"),
        (f"file:///etc/passwd?token={SECRET}", statuses.REFUSED_SCHEME),
        (f"http://127.0.0.1/a.jpg?token={SECRET}", statuses.REFUSED_ADDRESS),
        (f"http://169.254.169.254/latest/?token={SECRET}", statuses.REFUSED_ADDRESS),
        (f"http://[::1]:22/?token={SECRET}", statuses.REFUSED_ADDRESS),
        (f"http://0x7f.1/?token={SECRET}", statuses.REFUSED_ADDRESS),
        (f"http://10.0.0.7:8080/?token={SECRET}", statuses.REFUSED_ADDRESS),
    ],
)
def test_a_redirect_to_this_machine_is_refused_and_its_message_is_clean(location: str, status: str) -> None:
    job = Job(Request("https://example.org/a.jpg"))
    aim(job, job.request.url, POLICY)
    verdict = judge(job, Hop(REDIRECT, http_status=302, location=location), POLICY)
    assert verdict.status == status
    assert SECRET not in verdict.message
    assert SECRET not in job.answer(verdict.status, verdict.message, b"", 1.0).final_url


def test_a_receipt_and_a_log_hold_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "SLURM_JWT", "http_proxy", "WANDB_API_KEY", "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "12" if name == "SLURM_JOB_ID" else SECRET)
    environment.cache_clear()
    out, log = tmp_path / "out.txt", tmp_path / "logs" / "count_sheep" / "web.log"
    out.write_text("1")
    lists = {"input": Namedlist([]), "output": Namedlist([str(out)]), "wildcards": Namedlist(fromdict={"pool": "web"})}
    params = Namedlist(fromdict={"spec": {"seed": 1}})
    job = SimpleNamespace(rule="count_sheep", threads=1, resources={}, params=params, **lists)
    with caplog.at_level(logging.DEBUG):
        write_receipt(job, log, 0.0, 1.0)
    receipt = tmp_path / "receipts" / "count_sheep" / "web.json"
    assert json.loads(receipt.read_text())["slurm"] == {"job": "12"}
    assert SECRET not in receipt.read_text()
    assert SECRET not in caplog.text


def test_the_log_of_a_job_that_breaks_holds_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    log = tmp_path / "logs" / "count_sheep" / "web.log"
    empty = Namedlist([])
    job = SimpleNamespace(
        **dict.fromkeys(("input", "output", "params", "wildcards"), empty),
        rule="count_sheep",
        threads=1,
        resources={},
        config={},
        log=[str(log)],
    )
    text = "def main() -> None:\n    import os\n    token = os.environ['HF_TOKEN']\n    raise OSError(len(token))\n"
    space = {"snakemake": job, "__file__": "count_sheep.py", "__name__": "count_sheep"}
    exec(compile(text, "count_sheep.py", "exec"), space)
    with pytest.raises(SystemExit):
        run(space["main"])  # type: ignore[arg-type]
    assert "OSError" in log.read_text()
    assert SECRET not in log.read_text()
