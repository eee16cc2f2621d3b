"""Plotting: figures in one house style, each with the table of what it shows. The only home of matplotlib."""

from datalines.plotting.drawing import Drawing, Figure, PlainFigure, save
from datalines.plotting.house import Look, house_style, looks
from datalines.plotting.panels import POINT_COLUMNS, LinePanels, line_panels

__all__ = [
    "POINT_COLUMNS",
    "Drawing",
    "Figure",
    "LinePanels",
    "Look",
    "PlainFigure",
    "house_style",
    "line_panels",
    "looks",
    "save",
]
