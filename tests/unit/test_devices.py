"""A job that was not given what it asked for stops, with both numbers in its message."""

import pytest

from datalines import devices
from datalines.devices import check, visible
from datalines.errors import DeviceError


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "DATALINES_DEVICE", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("value", "count"),
    [("", 0), ("0", 1), ("3, 5,7", 3), ("GPU-8932f937,MIG-5c2", 2), ("NoDevFiles", 0), ("-1", 0), ("0,-1,1", 1)],
)
def test_devices_are_counted_as_cuda_counts_them(monkeypatch: pytest.MonkeyPatch, value: str, count: int) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible() == count


def test_an_environment_that_says_nothing_hides_nothing() -> None:
    assert visible() is None


def test_a_job_that_asks_for_none_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    monkeypatch.setattr(devices, "_count", lambda: pytest.fail("asked the driver"))
    assert check(0, "auto") == "no GPU was asked for"


@pytest.mark.parametrize("seen", ["0", "", "0,1,2"])
def test_another_number_than_asked_for_stops_the_job(monkeypatch: pytest.MonkeyPatch, seen: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    with pytest.raises(DeviceError, match=f"asked for 2 GPUs, but {visible()} can be seen: .*{seen}"):
        check(2, "cpu")


def test_one_of_two_hints_at_one_process_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(DeviceError, match="tasks_per_gpu: 0"):
        check(2, "cpu")


def test_on_a_cpu_the_driver_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("DATALINES_DEVICE", "cpu")
    monkeypatch.setattr(devices, "_count", lambda: pytest.fail("asked the driver"))
    assert (
        check(2) == "asked for 2 GPUs; $CUDA_VISIBLE_DEVICES is '0,1'; no GPU is used, because $DATALINES_DEVICE is cpu"
    )


@pytest.mark.parametrize("value", ["0,1", None])
def test_torch_has_the_last_word(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    monkeypatch.setattr(devices, "_count", lambda: 2)
    assert check(2, "auto").startswith("asked for 2 GPUs; torch finds 2")
    monkeypatch.setattr(devices, "_count", lambda: 0)
    with pytest.raises(DeviceError, match="asked for 2 GPUs, but torch finds 0"):
        check(2, "auto")


def test_slurm_that_gives_nothing_is_an_error_even_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not set" in check(1, "cpu")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with pytest.raises(DeviceError, match="Slurm gave none"):
        check(1, "cpu")


def test_each_node_must_have_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert check(4, "cpu", nodes=2).startswith("asked for 4 GPUs, 2 on each of 2 nodes;")
    with pytest.raises(DeviceError, match="but 2 can be seen"):
        check(2, "cpu", nodes=2)
    with pytest.raises(DeviceError, match="gpu=3 on nodes=2"):
        check(3, "cpu", nodes=2)
