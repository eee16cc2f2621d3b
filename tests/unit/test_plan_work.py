"""What single jobs take, by the cost model, against numbers worked out by hand."""

import copy
from pathlib import Path
from typing import Any

import pytest

from datalines.plan.jobs import Job
from datalines.plan.work import Estimate, Work
from tests.unit.config_study import StudyFiles

COSTS: dict[str, Any] = {
    "images": {"testbed": {"obtain": 0.5, "decode": 0.25, "bytes": 100}, "urls": {"decode": 1.0, "bytes": 1000}},
    "rules": {
        "download_pool": {"job": 2, "item": 0.25, "decodes": 1, "copies": 1, "bytes": 7},
        "fetch_pool": {"job": 1, "item": 0.001, "copies": 2, "pace": 10},
        "train_model": {"job": 10},
        "evaluate_run": {"job": 5, "decodes": 2, "bytes": 1},
        "prepare_shift": {"job": 0, "copies": 1},
        "mix_shards": {"job": 0, "bytes": 3},
        "collect_records": {"job": 0, "item": 1},
        "read_list": {"job": 0, "item": 1},
    },
    "models": {
        "tiny": {
            "weights": 1000,
            "cpu": {"train": 50, "evaluate": 100},
            "gpu": {"train": 500, "evaluate": 1000, "together": 4},
        }
    },
    "again": 0.5,
}
LIST = {"path": "$WEB/list.tsv", "format": "tsv", "columns": {"url": "url", "caption": "caption"}}


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path).set("costs", "costs", copy.deepcopy(COSTS))


def work(study: StudyFiles, rule: str, gpus: bool = False, threads: int = 1, held: int = 0, **names: str) -> Work:
    return Estimate(study.load(), gpus).work(Job(rule, names, threads=threads, gpus=held))


def test_a_part_of_a_drawn_pool(study: StudyFiles) -> None:
    study.set("pools", "pools.yfcc.parts", 4)
    # 4,000 items in 4 parts: 2 s, and 1,000 x (0.25 + 0.5 + 0.25) s.
    done = work(study, "download_pool", pool="yfcc", part="0")
    assert done == Work(items=1000, seconds=1002, cores=1, gpus=0, bytes=1000 * 107)
    shared = work(study, "download_pool", threads=4, pool="yfcc", part="3")
    assert (shared.seconds, shared.core_seconds) == (252, 4 * 252)


def test_hosts_set_the_pace_and_rounds_ask_for_less(study: StudyFiles) -> None:
    study.set("pools", "pools.far", {"title": "F", "kind": "urls", "list": LIST, "items": 4000, "rounds": 3})
    first = work(study, "fetch_pool", threads=8, pool="far", part="0")
    assert (first.seconds, first.bytes) == (401, 4000 * 2000)
    assert work(study, "fetch_pool", pool="far", part="0r2").items == 1000
    study.set("costs", "costs.pools", {"far": {"pace": 2, "bytes": 10}})
    slow = work(study, "fetch_pool", pool="far", part="0")
    assert (slow.seconds, slow.bytes) == (2001, 4000 * 20)
    study.set("pools", "pools.far.sample", {"share": 0.1})
    assert work(study, "read_list", pool="far").seconds == 40_000


def test_a_run_takes_the_samples_that_it_sees(study: StudyFiles) -> None:
    # 2,001 samples, 4 epochs, 2 of them kept.
    names = {"family": "both", "size": "full", "seed": "0"}
    done = work(study, "train_model", **names)
    assert (done.items, done.seconds, done.gpus, done.bytes) == (8004, 10 + 8004 / 50, 0, 2000)
    assert done.gpu_seconds == 0


def test_runs_share_a_gpu_unless_they_have_several(study: StudyFiles) -> None:
    names = {"family": "both", "size": "full", "seed": "0"}
    shared = work(study, "train_model", gpus=True, threads=2, held=1, **names)
    assert (shared.seconds, shared.cores, shared.gpus) == (10 + 8004 / 500, 2, 0.25)
    assert work(study, "train_model", gpus=True, **names).gpus == 0.25
    several = work(study, "train_model", gpus=True, held=2, **names)
    assert (several.seconds, several.gpus) == (10 + 8004 / 1000, 2)
    study.set("costs", "costs.models.tiny.gpu", None)
    assert work(study, "train_model", gpus=True, **names).gpus == 0


def test_an_evaluation_decodes_once_and_runs_every_kept_epoch(study: StudyFiles) -> None:
    # Suite natural: 100 + 100 drawn images and 50 of the candidates, each in a label space of 3.
    done = work(study, "evaluate_run", family="both", size="full", seed="0", suite="natural")
    assert done.items == 250
    assert done.seconds == 5 + 250 * 2 * 0.25 + 250 * 2 / 100
    assert done.bytes == 250 + 250 * 3 * 2 * 4


def test_sets_mixtures_and_ensembles(study: StudyFiles) -> None:
    assert work(study, "prepare_shift", shift="sketch") == Work(100, 50, 1, 0, 100 * 100)
    assert work(study, "filter_shift", shift="hard").items == 100
    # By count, `all` is all that the pool requests.
    assert work(study, "mix_shards", mixture="laion", size="full").bytes == 3 * 4000
    # Pair: one common seed, 2 epochs, 3 weights, 2 members, and 250 images of 3 classes.
    assert work(study, "collect_records", experiment="sources").items == 3 * 2 * 2 * 250 * 3


def test_rules_without_stated_costs_take_three_seconds(study: StudyFiles) -> None:
    assert work(study, "draw_figure", paper="qnq", figure="fig-02") == Work(0, 3, 1, 0, 0)


def test_what_nobody_stated_counts_as_nothing_and_is_named(study: StudyFiles) -> None:
    estimate = Estimate(study.set("costs", "costs.models", {}).load(), gpus=False)
    done = estimate.work(Job("train_model", {"family": "both", "size": "full", "seed": "0"}))
    assert (done.items, done.seconds, done.bytes) == (8004, 10, 0)
    assert estimate.work(Job("filter_pool", {"pool": "photo", "filter": "keep-all"})).items == 0
    assert list(estimate.unknown) == ["costs.models.tiny", "pools.photo.items"]


def test_costs_name_pools_that_are_there(study: StudyFiles) -> None:
    message = study.set("costs", "costs.pools", {"yfc": {"pace": 2}}).message()
    assert "config/costs.yaml: costs.pools.yfc: 'yfc' is not a pool; did you mean 'yfcc'?" in message
