"""Mixing outputs against mixing inputs. Every marker is one model or ensemble: accuracy on {reference} (horizontal)
against accuracy on the shift named above the panel (vertical), zero-shot top-1 in percent on probit axes. Solid lines
are least-squares fits through the models of each family on the transformed axes (the two sources alone, and one model
trained on their mixture) with pointwise 95 % bootstrap bands. Each dashed path follows the ensemble of two models of
the same size, seed and epoch, one from each source, while the weight of the first one's logits falls from 1 to 0; its
large marker is equal weight. Thin bars are exact 95 % binomial intervals, the dashed grey line marks equal accuracy,
numbers in parentheses count markers ({points} in all; seeds: {seeds}; scale: {scale}). The paper's Figure 5 does this
for YFCC and LAION on ImageNet-R and -Sketch and finds the equal-weight ensembles on the line of the model trained on
both."""

import pandas as pd

from datalines.plotting import Drawing, Figure, LinePanels, looks
from datalines.robustness.families import fit_points, line_points
from datalines.robustness.lines import effective_robustness

EQUAL_SIZE = 5.6


def distance_notes(panels: LinePanels, ensemble: str, mixture: str) -> list[str]:
    """How far the equal-weight ensembles lie above the mixture's line, per shift, in percentage points."""
    notes, floor = [], float(panels.spec.options.get("floor", 0.0))
    for shift in panels.spec.shifts:
        part = panels.points[panels.points["shift"] == shift]
        ours = line_points(part[(part["family"] == ensemble) & (part["kind"] == "ensemble")])
        theirs = part[(part["family"] == mixture) & (part["kind"] == "model")]
        if ours.empty or theirs.empty:
            continue
        line = fit_points(theirs, panels.experiment, panels.spec.axis, floor).line
        above = effective_robustness(ours["x"], ours["y"], line)
        notes.append(
            f"{panels.spec.name(shift)}: equal-weight ensembles lie {above.mean():+.1f} points from the line of "
            f"{panels.spec.name(mixture)} on average (smallest {above.min():+.1f}, largest {above.max():+.1f}, "
            f"n = {len(above)})."
        )
    return notes


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Families with lines, ensembles as paths. Option `mixture`: the family that the ensembles are held against."""
    panels = LinePanels(records, fits, figure)
    families, ensembles = panels.slugs("model"), panels.slugs("ensemble")
    look = looks(figure.titles, [*families, *ensembles], figure.baseline)
    for slug in families:
        panels.family(slug, look[slug], size=3.2)
    for slug in ensembles:
        panels.paths(slug, look[slug])
        panels.family(slug, look[slug], "ensemble", line=False, size=EQUAL_SIZE)
        if "mixture" in figure.options:
            panels.notes.extend(distance_notes(panels, slug, str(figure.options["mixture"])))
    return panels.drawing()
