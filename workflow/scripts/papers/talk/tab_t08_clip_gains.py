"""What CLIP gains over a standard model of equal accuracy on ImageNet. The slide has five numbers without names; in
this order they agree with differences between OpenAI's CLIP ViT-L-14-336, zero-shot, and a ResNet-101. CLIP is VL Hub's
measurement (76.5 % on ImageNet), ResNet-101 that of the robustness testbed (77.4 %) and of timm (77.4 %); Line is what
the testbed's line of standard models expects at the CLIP model's own accuracy on all of ImageNet, of two lines on
ImageNet-A. Accuracies in percent, differences in points. The slide writes percent for points. VL Hub has no ObjectNet
and timm neither."""

import numpy as np
import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.published.talkcells import SLIDE, gains
from datalines.tables import Table

COLUMNS = {
    "set": "Set",
    "slide": "Slide",
    "clip": "CLIP",
    "testbed": "ResNet-101, testbed",
    "above_testbed": "Difference",
    "timm": "ResNet-101, timm",
    "above_timm": "Difference (timm)",
    "line": "Line",
    "above_line": "Above the line",
}
ITEM = "T-8"


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per set, in the slide's order, from published/imagenet-testbed, vlhub, timm and talk-cells."""
    table_options(table, {})
    names = ("imagenet-testbed", "vlhub", "timm", "talk-cells")
    testbed, hub, timm, cells = (table_named(tables, f"published/{name}", table.title) for name in names)
    found = gains(testbed, hub, timm)
    slide = {cell.split(",")[0]: text for cell, text in cells.loc[cells["item"] == ITEM, ["cell", "published"]].values}
    found["set"] = found["shift"].map(SLIDE)
    found["slide"] = found["set"].map(slide).astype(np.float64)
    return found[list(COLUMNS)].rename(columns=COLUMNS)
