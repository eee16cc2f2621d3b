"""The report's further pages: where every figure, table, source and model of a study comes from, made from receipts.

They lie beside the report's one page, which is complete without them, need no network, and hold no times: two clean
runs give the same bytes. Times stand beside the receipts, in a file that the pages read where it is there.
"""
