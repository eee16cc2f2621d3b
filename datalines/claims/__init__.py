"""The ledger of claims: what a paper says, measured from records, with a verdict, an interval and their power."""
