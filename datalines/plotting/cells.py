"""The grid of a figure: cells for panels, a free cell or a strip at the foot for the legend."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

_WIDTHS = {1: 3.4, 2: 5.5, 3: 7.0}  # inches, by columns: one column of a two-column page, one of a page, a wide page
_LEGEND_LINE = 0.15  # inches
_LETTERS = 15.0  # of an axis label to an inch of a cell


class Cells:
    """A figure with `count` cells in a grid of one to three columns; `corner` is the blank cell that is left over."""

    def __init__(self, count: int, ratio: float = 0.93) -> None:
        """`ratio` is the height of a cell as a share of its width."""
        self.columns = count if count <= 3 else 2 if count == 4 else 3
        self.rows = -(-count // self.columns)
        width = _WIDTHS[self.columns]
        height = self.rows * (width / self.columns) * ratio + 0.1
        self.canvas = Canvas(figsize=(width, height), layout="constrained")
        grid = self.canvas.add_gridspec(self.rows, self.columns)
        self.axes: list[Axes] = [self.canvas.add_subplot(grid[divmod(place, self.columns)]) for place in range(count)]
        self.corner: Axes | None = None
        if count < self.rows * self.columns:
            self.corner = self.canvas.add_subplot(grid[self.rows - 1, count % self.columns :])
            self.corner.set_axis_off()

    def fold(self, label: str) -> str:
        """A label of a horizontal axis, in two lines where it is wider than a cell."""
        letters = self.canvas.get_figwidth() / self.columns * _LETTERS
        if len(label) <= letters:
            return label
        middle = len(label) // 2
        gaps = [place for place, letter in enumerate(label) if letter == " "]
        cut = min(gaps, key=lambda place: abs(place - middle), default=len(label))
        return f"{label[:cut]}\n{label[cut + 1 :]}"

    def legend(self, handles: Sequence[Line2D]) -> None:
        """Put the legend into the blank cell, or below the panels, where a long one takes nothing from them."""
        if self.corner is not None:
            self.corner.legend(handles=handles, loc="center left", bbox_to_anchor=(0.0, 0.5))
            return
        columns = legend_columns([str(handle.get_label()) for handle in handles], self.canvas.get_figwidth())
        self.canvas.set_figheight(self.canvas.get_figheight() + _LEGEND_LINE * -(-len(handles) // columns))
        self.canvas.legend(handles=handles, loc="outside lower center", ncols=columns)


def legend_columns(labels: Sequence[str], width: float) -> int:
    """Legend columns that fit a width in inches, evened out over the rows."""
    entry = 0.42 + 0.058 * max(len(label) for label in labels)
    most = max(1, int(width / entry))
    lines = -(-len(labels) // most)
    return -(-len(labels) // lines)
