"""The picture of the rules is drawn from Snakemake's graph, the same every time, without edges that others imply."""

from xml.etree import ElementTree

import pytest

from docs.rulegraph import draw, layer_of, parse_dot, reduce_edges, without_returns

DOT = """digraph snakemake_dag {
    graph[bgcolor=white, margin=0];
\t0[label = "all", color = "0.00 0.6 0.85", style="rounded"];
\t1[label = "train", color = "0.33 0.6 0.85", style="rounded"];
\t2[label = "mix", color = "0.33 0.6 0.85", style="rounded"];
\t3[label = "prepare", color = "0.33 0.6 0.85", style="rounded"];
\t1 -> 0
\t2 -> 0
\t2 -> 1
\t3 -> 0
}
"""


def test_the_graph_is_read() -> None:
    assert parse_dot(DOT) == {"all": set(), "train": {"all"}, "mix": {"all", "train"}, "prepare": {"all"}}


def test_implied_edges_are_left_out_and_rows_follow_the_longest_way() -> None:
    graph = reduce_edges(parse_dot(DOT))
    assert graph["mix"] == {"train"}
    assert layer_of(graph) == {"mix": 0, "prepare": 0, "train": 1, "all": 2}


def test_the_picture_names_every_rule_and_is_the_same_every_time() -> None:
    picture = draw(parse_dot(DOT))
    texts = [element.text for element in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(filter(None, texts)) == ["all", "mix", "prepare", "train"]
    assert draw(parse_dot(DOT)) == picture


def test_a_way_back_is_drawn_dashed() -> None:
    graph = {"train": {"evaluate"}, "evaluate": {"filter", "all"}, "filter": {"evaluate"}, "all": set()}
    forward, returns = without_returns(graph)
    assert returns == [("filter", "evaluate")]
    assert forward["evaluate"] == {"filter", "all"}
    assert draw(graph).count("stroke-dasharray") == 1


def test_no_graph_is_an_error() -> None:
    with pytest.raises(ValueError, match="no rule graph"):
        parse_dot("")
