"""Lists of URLs and captions: read in bounded memory whatever their format, brought into one form, cut into parts.

`files` opens what a declaration names, `columns` finds its columns. `delimited`, `quoted`, `parquet`, `jsonlines` and
`jsonlist` read one format each, `read` chooses among them. `normal` judges every row, `keys` names it, `spill` and
`split` write the parts.
"""
