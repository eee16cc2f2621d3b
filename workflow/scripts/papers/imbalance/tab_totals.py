"""Every released table of class frequencies: the concept set and the source whose captions (or, of sets with labels,
images) are counted, the classes, the sum of the counts, the classes without a match, and the most frequent class with
its count. A caption can name several classes, so sums are of matches and not of captions. Scale: {scale}. The counts
are those of Wen et al. (2024), released with the paper; -cls sources and LAIONet count labelled images. The paper
states some of the sums, which stand beside these in the table of published and recomputed numbers."""

import pandas as pd

from datalines.published.options import table_options
from datalines.published.ranked import CONCEPTS, SOURCES, joined, totals
from datalines.tables import Table

COLUMNS = {
    "concepts": "Concepts",
    "source": "Source",
    "classes": "Classes",
    "total": "Matches",
    "empty": "Classes without",
    "largest_class": "Most frequent",
    "largest": "Its matches",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per concept set and source; the tables are of class frequencies.

    Option `concepts` picks and orders the concept sets; without it all are shown, in the order of the tables.
    """
    wanted = table_options(table, {"concepts": []})["concepts"]
    found = totals(joined(tables.values()))
    order = list(wanted) or list(dict.fromkeys(found["concepts"]))
    shown = pd.concat([found[found["concepts"] == concepts] for concepts in order], ignore_index=True)
    named = shown.assign(
        concepts=shown["concepts"].map(lambda slug: CONCEPTS.get(slug, slug)),
        source=shown["source"].map(lambda slug: table.titles.get(slug, SOURCES.get(slug, slug))),
    )
    return named[list(COLUMNS)].rename(columns=COLUMNS)
