"""The Snakefile takes a limit of Snakemake away by name: another Snakemake may call it otherwise."""

import inspect
from pathlib import Path

from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan

SNAKEFILE = Path(__file__).parents[2] / "Snakefile"


def test_the_limit_of_started_jobs_is_where_the_snakefile_looks_for_it() -> None:
    assert "workflow.scheduler.job_rate_limiter = None" in SNAKEFILE.read_text()
    assert "self.job_rate_limiter" in inspect.getsource(JobScheduler.__init__)
    assert "self.job_rate_limiter is None" in inspect.getsource(JobScheduler.job_selector)


def test_what_counts_as_the_default_limit() -> None:
    limit = MaxJobsPerTimespan.parse_choice("100/1s")
    assert (limit.max_jobs, limit.timespan) == (100, 1)
