"""When planned jobs start and end."""

from hypothesis import given
from hypothesis import strategies as st

from datalines.plan.jobs import Job
from datalines.plan.schedule import Machine, Slot, busy, schedule
from datalines.plan.work import Work


def timed(*jobs: tuple[float, tuple[int, ...], float, float, int]) -> tuple[list[Job], list[Work]]:
    """Jobs of (seconds, needs, cores, gpus, network)."""
    listed = [Job("rule", {}, needs, threads=int(cores), network=network) for _, needs, cores, _, network in jobs]
    return listed, [Work(0, seconds, int(cores), gpus, 0) for seconds, _, cores, gpus, _ in jobs]


def starts(machine: Machine, *jobs: tuple[float, tuple[int, ...], float, float, int]) -> list[float]:
    return [slot.start for slot in schedule(*timed(*jobs), machine)]


def test_jobs_wait_for_others_and_for_cores() -> None:
    three = [(4.0, (), 1, 0.0, 0), (2.0, (), 1, 0.0, 0), (1.0, (1,), 1, 0.0, 0), (5.0, (), 1, 0.0, 0)]
    assert starts(Machine(2, 0), *three) == [0, 0, 2, 3]
    assert starts(Machine(8, 0), *three) == [0, 0, 2, 0]
    assert starts(Machine(1, 0), *three) == [0, 4, 6, 7]


def test_a_job_that_wants_more_than_there_is_takes_all() -> None:
    assert starts(Machine(2, 1), (3.0, (), 8, 2.0, 0), (1.0, (), 1, 0.5, 0)) == [0, 3]


def test_runs_share_a_gpu_in_parts() -> None:
    runs = [(10.0, (), 1, 0.25, 0)] * 5
    assert starts(Machine(16, 1), *runs) == [0, 0, 0, 0, 10]
    assert starts(Machine(16, 2), *runs) == [0] * 5


def test_one_part_is_fetched_at_a_time() -> None:
    assert starts(Machine(8, 0), (3.0, (), 1, 0.0, 1), (3.0, (), 1, 0.0, 1), (1.0, (), 1, 0.0, 0)) == [0, 3, 0]


def test_time_that_slots_cover() -> None:
    assert busy([Slot(0, 2), Slot(5, 6), Slot(1, 3), Slot(5.5, 5.75)]) == 4
    assert busy([]) == 0


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(0, 20)), st.integers(1, 5)), max_size=12),
    st.integers(1, 4),
)
def test_no_schedule_is_overfull_or_out_of_order(raw: list[tuple[int, set[int], int]], cores: int) -> None:
    jobs = [
        (float(seconds), tuple(sorted(need for need in needs if need < place)), threads, 0.0, 0)
        for place, (seconds, needs, threads) in enumerate(raw)
    ]
    slots = schedule(*timed(*jobs), Machine(cores, 0))
    for place, (seconds, needs, _, _, _) in enumerate(jobs):
        assert slots[place].end == slots[place].start + seconds
        assert all(slots[need].end <= slots[place].start for need in needs)
    for moment in {slot.start for slot in slots}:
        running = [place for place, slot in enumerate(slots) if slot.start <= moment < slot.end]
        assert sum(min(jobs[place][2], cores) for place in running) <= cores
