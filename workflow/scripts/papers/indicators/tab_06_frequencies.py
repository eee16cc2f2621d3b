"""The paper's indicators on published class frequencies: how often the captions or labels of pre-training sources name
the classes of a concept set, from the tables released with the Imbalance paper (Wen et al. 2024). Left-skew is the
share of matches in the most common 5 % of classes (rounded, at least one), 5 % if all are equally frequent; long-
tail@k the share of classes with fewer than k matches, classes without a match included; the entropy ratio is 1 for
equally frequent classes. A match is a caption that names the class, so one caption can count for several classes."""

import pandas as pd

from datalines.config.errors import suggestion
from datalines.indicators import indicators
from datalines.published.options import table_options
from datalines.published.ranked import joined
from datalines.published.reading import PublishedError
from datalines.tables import Table

COLUMNS = {
    "concepts": "Concepts",
    "source": "Source",
    "classes": "Classes",
    "samples": "Matches",
    "left_skew": "Left-skew (%)",
    "long_tail_500": "Long-tail@500 (%)",
    "long_tail_100": "Long-tail@100 (%)",
    "largest": "Largest class",
    "smallest": "Smallest class",
    "entropy_ratio": "Entropy ratio",
}
PERCENT = ["left_skew", "long_tail_500", "long_tail_100"]
DEFAULTS: dict[str, list[str]] = {"concepts": [], "sources": []}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per concept set and source of all tables, published ones and those counted in own captions.

    Option `concepts` picks and orders the sets, `sources` the sources; without them all are shown in the tables' order.
    A set or source that is not there is a PublishedError.
    """
    options = table_options(table, DEFAULTS)
    rows = joined(tables.values())
    lines = []
    for concepts in options["concepts"] or list(dict.fromkeys(rows["concepts"])):
        own = rows[rows["concepts"] == concepts]
        _known(table, "concepts", concepts, rows["concepts"])
        for source in options["sources"] or list(dict.fromkeys(own["source"])):
            _known(table, "sources", source, own["source"])
            counts = own.loc[own["source"] == source, "count"]
            lines.append({"concepts": concepts, "source": table.name(source), **indicators(counts.to_numpy())})
    frame = pd.DataFrame(lines)
    frame[PERCENT] = 100 * frame[PERCENT]
    return frame[list(COLUMNS)].rename(columns=COLUMNS)


def _known(table: Table, option: str, name: str, present: pd.Series) -> None:
    known = list(dict.fromkeys(present))
    if name not in known:
        raise PublishedError(
            f"{table.title!r}, options.{option}: the frequencies have no {name!r}{suggestion(name, known)}"
            f"There are {', '.join(known)}"
        )
