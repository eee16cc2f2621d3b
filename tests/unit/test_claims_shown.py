"""The ledger as people read it, from memory and from its csv."""

from io import StringIO

import pandas as pd

from datalines.claims.ledger import LEDGER
from datalines.claims.page import shown

MEASURED = {"effect": 100.0, "low": 98.0, "high": float("nan"), "threshold": 98.0, "detectable": 0.5}
COUNTED = {"n": 1000, "runs": 1000, "fewest_runs": 1000, "needed_runs": 183}
CLAIM = dict.fromkeys(LEDGER, "") | {"of": "theory/mixing", "verdict": "supported"} | MEASURED | COUNTED


def test_a_claim_on_no_shift_is_shown_from_the_csv_as_from_memory() -> None:
    ledger = pd.DataFrame([CLAIM])[LEDGER]
    again = pd.read_csv(StringIO(ledger.to_csv(index=False)))
    for rows in (shown(ledger), shown(again)):
        assert rows["Measured on"].tolist() == ["theory/mixing"] and rows["n"].tolist() == ["1,000"]
