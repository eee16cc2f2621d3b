"""Objectives: what a model learns. The training loop and the evaluation do not know which one they run.

An objective is a class with a model, a batch contract (how many views of an image, what the targets are) and a loss; it
also says how its model becomes a classifier, so that zero-shot models and supervised heads are evaluated by one code
path. `base` holds the protocol, `clip` and `supervised` the objectives, `heads` what sits on an image tower, `towers`
what may be frozen, `initial` where weights come from other than chance, `pixels` how images are normalised.

A further objective is one module here and one line in `registry`, and nothing in the loop:

- *Vocabulary subsampling*: a supervised objective whose `loss` draws the classes that count and indexes the logits.
  It is not coupled: a micro-batch at a time.
- *SimCLR*: `views` is 2, `encode` returns both projections as rows, `loss` compares all rows with all others. It is
  coupled: the loop gathers the rows of the whole global batch, over micro-batches and ranks, before it asks for the
  loss. `targets` returns zeros.
- *DINO*: `model` holds student and teacher, so that both are saved; the teacher's parameters need no gradient,
  `encode` returns both outputs, and `after_step` moves the teacher after the student by the schedule of (step, steps).
"""

from datalines.objectives.base import Encoded, Logits, Objective
from datalines.objectives.clip import Clip
from datalines.objectives.pixels import MEAN, STD, normalise
from datalines.objectives.registry import build, rebuild
from datalines.objectives.supervised import Supervised

__all__ = ["MEAN", "STD", "Clip", "Encoded", "Logits", "Objective", "Supervised", "build", "normalise", "rebuild"]
