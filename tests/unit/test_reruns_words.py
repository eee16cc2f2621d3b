"""Explanations in words."""

from datalines.reruns.explanation import Explanation, Follows, Group
from datalines.reruns.rehydrate import Rehydrated
from datalines.reruns.why import Cause, Kind
from datalines.reruns.words import acceptance, rehydration, sentences, supposition

PARAM = Cause(Kind.PARAM, "spec.recipe.epochs", 2, 4)
FOLLOWS = [Follows("evaluate_run", ("evaluate_run a", "evaluate_run b"), ("train_model",))]


def explanation(*causes: Cause, jobs: int = 1, follows: list[Follows] | None = None) -> Explanation:
    names = tuple(f"train_model run-{number}" for number in range(jobs))
    groups = [Group("train_model", names, causes)] if causes else []
    places = tuple(range(jobs + sum(len(entry.jobs) for entry in follows or []))) if causes else ()
    return Explanation("all", "tiny", 5, groups, follows or [], [], places)


def test_nothing_to_do_is_one_sentence() -> None:
    assert sentences(explanation()) == ["Scale tiny, all: nothing would run; 5 jobs done."]


def test_a_change_names_jobs_values_and_what_follows() -> None:
    assert sentences(explanation(PARAM, jobs=2, follows=FOLLOWS)) == [
        "Scale tiny, all: 4 of 9 jobs would run.",
        "",
        "train_model: 2 jobs: run-0, run-1",
        "  parameter spec.recipe.epochs: was 2, is 4",
        "",
        "What follows from that:",
        "  evaluate_run  2  after train_model",
    ]


def test_each_kind_of_cause_is_told_with_what_was_and_is() -> None:
    causes = {
        Cause(Kind.INPUT, "a.csv", "1" * 64, "2" * 64, "fit_lines a"): (
            "input a.csv has another content: was 111111111111, is 222222222222 (made by fit_lines a)"
        ),
        Cause(Kind.INPUT, "a.csv", None, "2" * 64): "input a.csv is newer; there is no receipt that says what it was",
        Cause(Kind.ADDED, "b.csv", None, "2" * 64): "input b.csv was not among its inputs",
        Cause(Kind.GONE, "c.csv", "1" * 64): "input c.csv is not among its inputs any more",
        Cause(Kind.CODE, "fit_lines", "aaa", "bbb"): (
            "code of rule fit_lines changed: was aaa, is bbb; in which module is not known"
        ),
        Cause(Kind.CODE, "fit_lines", "aaa", "bbb", "", ("x.py", "y.py"), "commit 123"): (
            "code: x.py and y.py changed against commit 123"
        ),
        Cause(Kind.MISSING, "d.csv"): "d.csv is missing",
        Cause(Kind.INTERRUPTED, "e.csv"): "e.csv was being made when its job was interrupted",
        Cause(Kind.TIME, "f.csv"): "input f.csv is newer, and its content is the same",
        Cause(Kind.SOFTWARE): "the declared software environment is another",
    }
    for cause, text in causes.items():
        assert f"  {text}" in sentences(explanation(cause)), text


def test_what_was_never_made_is_one_table_after_the_changes() -> None:
    told = explanation(PARAM)
    told.groups[:0] = [Group("fit_lines", ("fit_lines a", "fit_lines b"), (Cause(Kind.NEVER),))]
    told.groups.append(Group("write_report", ("write_report",), (Cause(Kind.NEVER, "report/index.html"),)))
    assert sentences(told)[2:] == [
        "train_model: 1 job: run-0",
        "  parameter spec.recipe.epochs: was 2, is 4",
        "",
        "What they make was never made:",
        "  fit_lines     2 jobs: a, b",
        "  write_report  1 job",
    ]


def test_an_acceptance_is_told_beside_its_cause() -> None:
    lines = sentences(explanation(Cause(Kind.PARAM, "a", 1, 2, accepted="Ann, today: rounding")))
    assert "    (accepted by Ann, today: rounding)" in lines


def test_long_lists_and_values_are_cut_and_counted() -> None:
    lines = sentences(explanation(*[Cause(Kind.PARAM, f"p{n}", "x" * 200, n) for n in range(20)], jobs=9))
    assert "train_model: 9 jobs: run-0, run-1, run-2, run-3, run-4, run-5 and 3 more" in lines
    assert "  and 8 more; --json tells all" in lines
    assert max(map(len, lines)) < 120


def test_a_supposition_says_what_survives_and_what_may_be_recalled() -> None:
    told = explanation(PARAM, follows=[Follows("train_model", ("train_model b",), ("mix_shards",))])
    lines = supposition(told, {"download_pool": 4}, anyway=1)
    assert "1 of these would run without the change, too." in lines
    assert lines[lines.index("What survives:") + 1] == "  download_pool  4"
    assert any("is recalled" in line for line in lines)
    whole = supposition(told, {}, anyway=told.jobs)
    assert any(line.startswith("All of these would run without the change, too") for line in whole)


def test_what_is_left_after_an_acceptance_is_named() -> None:
    group = Group("fit_lines", ("fit_lines a",), (PARAM,))
    assert acceptance([group], [], "all", "Ann")[-1] == (
        "Nothing would run for all now. The audit lists what was accepted."
    )
    assert acceptance([group], ["fit_lines b"], "all", "Ann")[-1] == (
        "For all, 1 job would run all the same: 1 job: fit_lines b."
    )


def test_a_rehydrated_folder_names_what_is_wrong_and_what_would_run() -> None:
    whole = Rehydrated(3, 2, {}, {}, 0, 0, {})
    assert rehydration(whole)[-1] == "Snakemake has nothing to do here."
    bad = Rehydrated(3, 0, {"fit_lines a": [PARAM]}, {"x.csv": "sha256 should be 12"}, 1, 2, {"fit_lines": 1})
    lines = rehydration(bad)
    assert (
        "x.csv is not what its receipt says (sha256 should be 12); it will be made again. Or put the right one back."
        in lines
    )
    assert "fit_lines a: made otherwise than is asked for now" in lines
    assert lines[-1] == "Snakemake would run: fit_lines 1. `datalines explain` says why."
