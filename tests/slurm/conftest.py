"""A real Slurm for all tests of this folder, and a study that was built without it.

They run where this folder is named (`make test-slurm`), not among all tests: they need Slurm's programs and ten
minutes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, missing_programs
from tests.slurm.study import Study, make_study


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out unless it is asked for by name."""
    named = any("tests/slurm" in str(argument) for argument in config.invocation_params.args)
    return None if named else True


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of the tests' own, gone with them."""
    missing = missing_programs()
    if missing:
        pytest.fail(f"SLURM TESTS DID NOT RUN: this host lacks {', '.join(missing)}", pytrace=False)
    private = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        private.start()
        yield private
    finally:
        private.stop()


@pytest.fixture(autouse=True)
def whole_cluster(cluster: Cluster) -> None:
    """Whatever a test did to it, the next one finds all nodes."""
    cluster.start()


@pytest.fixture(scope="session")
def built(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study built on this machine alone; not to be changed."""
    study = make_study(tmp_path_factory.mktemp("studies") / "local", cluster)
    study.start("--cores", "2", profile="local").finish()
    return study


@pytest.fixture
def copy(built: Study, tmp_path: Path) -> Iterator[Study]:
    """A checkout in which everything is built, to be changed."""
    study = built.copy(tmp_path / "copy")
    yield study
    study.end()
