"""Draw the rule graph: `snakemake --rulegraph dot | python -m docs.rulegraph > docs/rulegraph.svg` (`make rulegraph`).

In: Snakemake's graph in the dot language, on standard input. Out: an SVG on standard output, the same bytes for the
same graph, so that a test can tell whether the picture is current. Standard library only: no graphviz is needed.
An edge that other edges imply is left out (evaluate needs train, which needs mix: no edge from mix to evaluate), and
one that leads back to an earlier rule is dashed.
"""

import re
import sys
from collections.abc import Mapping
from xml.sax.saxutils import escape

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 148, 32, 26, 34, 12
SWEEPS = 12
Graph = dict[str, set[str]]


def parse_dot(text: str) -> Graph:
    """Rule -> rules that read its outputs. Raises ValueError if the text holds no graph."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "([^"\\]+)', text, flags=re.MULTILINE))
    if not names:
        raise ValueError("no rule graph on standard input: did snakemake --rulegraph dot fail?")
    graph: Graph = {name: set() for name in sorted(names.values())}
    for source, target in re.findall(r"^\s*(\d+) -> (\d+)", text, flags=re.MULTILINE):
        if source != target:
            graph[names[source]].add(names[target])
    return graph


def reachable(graph: Graph, start: str) -> set[str]:
    """Everything downstream of `start`."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = graph[waiting.pop()] - seen
        seen |= fresh
        waiting.extend(fresh)
    return seen


def reduce_edges(graph: Graph) -> Graph:
    """The graph without the edges that a longer way implies."""
    below = {name: reachable(graph, name) for name in graph}
    return {
        name: {target for target in targets if not any(target in below[other] for other in targets - {target})}
        for name, targets in graph.items()
    }


def without_returns(graph: Graph) -> tuple[Graph, list[tuple[str, str]]]:
    """The graph without the edges that lead back, and these edges.

    Jobs form no cycle but rules may: an adversarial set is filtered by a model that was evaluated on other sets.
    """
    forward: Graph = {name: set() for name in graph}
    returns: list[tuple[str, str]] = []
    done: set[str] = set()

    def visit(name: str, path: frozenset[str]) -> None:
        for target in sorted(graph[name]):
            if target in path:
                returns.append((name, target))
                continue
            forward[name].add(target)
            if target not in done:
                visit(target, path | {target})
        done.add(name)

    read = set().union(*graph.values())
    for name in [*sorted(graph.keys() - read), *sorted(read)]:
        if name not in done:
            visit(name, frozenset({name}))
    return forward, returns


def layer_of(graph: Graph) -> dict[str, int]:
    """Rule -> row: the length of the longest way to it from a rule without inputs. The graph must have no cycle."""
    rows = dict.fromkeys(graph, 0)
    waiting = sorted(graph)
    while waiting:
        name = waiting.pop()
        for target in sorted(graph[name]):
            if rows[target] <= rows[name]:
                rows[target] = rows[name] + 1
                waiting.append(target)
    return rows


def with_bends(graph: Graph, rows: dict[str, int]) -> Graph:
    """Long edges cut into steps of one row; the points between are named `source>target>row` and added to `rows`."""
    stepped: Graph = {name: set() for name in graph}
    for name, targets in graph.items():
        for target in sorted(targets):
            previous = name
            for row in range(rows[name] + 1, rows[target]):
                bend = f"{name}>{target}>{row}"
                rows[bend] = row
                stepped.setdefault(bend, set())
                stepped[previous].add(bend)
                previous = bend
            stepped[previous].add(target)
    return stepped


def order_rows(graph: Graph, rows: Mapping[str, int]) -> list[list[str]]:
    """The names of each row from left to right, each near the mean place of its neighbours, so that few edges cross."""
    table = [sorted(name for name in rows if rows[name] == row) for row in range(max(rows.values()) + 1)]
    above: Graph = {name: {other for other in graph if name in graph[other]} for name in graph}
    for sweep in range(SWEEPS):
        neighbours = above if sweep % 2 == 0 else graph
        place = {name: (index + 0.5) / len(line) for line in table for index, name in enumerate(line)}
        for line in table if sweep % 2 == 0 else reversed(table):
            wanted = {
                name: sum(place[other] for other in neighbours[name]) / len(neighbours[name])
                if neighbours[name]
                else place[name]
                for name in line
            }
            line.sort(key=lambda name: (wanted[name], name))
            place.update({name: (index + 0.5) / len(line) for index, name in enumerate(line)})
    return table


def draw(graph: Graph) -> str:
    """The SVG."""
    forward, returns = without_returns(graph)
    graph = reduce_edges(forward)
    rows = layer_of(graph)
    stepped = with_bends(graph, rows)
    table = order_rows(stepped, rows)
    pitch = BOX_WIDTH + GAP_X
    width = max(len(line) for line in table) * pitch - GAP_X + 2 * MARGIN
    height = len(table) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    x = {name: width / 2 + (index - (len(line) - 1) / 2) * pitch for line in table for index, name in enumerate(line)}
    y = {name: MARGIN + row * (BOX_HEIGHT + GAP_Y) for name, row in rows.items()}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="13" role="img">',
        "<title>The rules and what they hand on</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff" />',
        '<g fill="none" stroke="#9aa4ad" stroke-width="1.5">',
    ]
    for name in sorted(stepped):
        for target in sorted(stepped[name]):
            # A bend is as high as a box, so that the edge runs straight past the boxes of its row.
            first = "" if name in graph else f"M{x[name]:.0f} {y[name]}V{y[name] + BOX_HEIGHT}"
            lines.append(f'<path d="{first}{edge(x[name], y[name], x[target], y[target])}" />')
    lines.extend(back_edge(x[name], y[name], x[target], y[target]) for name, target in returns)
    lines.append("</g>")
    lines.extend(box(name, x[name], y[name], last=not graph[name]) for name in sorted(graph))
    return "\n".join([*lines, "</svg>", ""])


def edge(x: float, y: float, target_x: float, target_y: float) -> str:
    """Path from the foot of one box to the head of the next."""
    top = y + BOX_HEIGHT
    middle = (top + target_y) / 2
    return f"M{x:.0f} {top}C{x:.0f} {middle:.0f} {target_x:.0f} {middle:.0f} {target_x:.0f} {target_y}"


def back_edge(x: float, y: float, target_x: float, target_y: float) -> str:
    """A dashed way back up, from the right side of one box to the right side of another."""
    side, target_side = x + BOX_WIDTH / 2, target_x + BOX_WIDTH / 2
    out = max(side, target_side) + GAP_X - 2
    level, target_level = y + BOX_HEIGHT / 2, target_y + BOX_HEIGHT / 2
    way = f"M{side:.0f} {level:.0f}C{out:.0f} {level:.0f} {out:.0f} {target_level:.0f} "
    return f'<path stroke-dasharray="4 3" d="{way}{target_side:.0f} {target_level:.0f}" />'


def box(name: str, centre: float, top: float, last: bool) -> str:
    """One rule; the targets, which nothing reads, are filled."""
    fill, ink = ("#1d2125", "#ffffff") if last else ("#f6f7f9", "#1d2125")
    return (
        f'<g><rect x="{centre - BOX_WIDTH / 2:.0f}" y="{top:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="{fill}" stroke="#1d2125" /><text x="{centre:.0f}" y="{top + BOX_HEIGHT / 2 + 4.5:.1f}" '
        f'text-anchor="middle" fill="{ink}">{escape(name)}</text></g>'
    )


if __name__ == "__main__":
    sys.stdout.write(draw(parse_dot(sys.stdin.read())))
