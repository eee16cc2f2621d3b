"""Concepts in captions: which classes a caption names, and how often each class is named in a source.

`lemmasets` is the matcher of the Imbalance paper (Wen et al. 2024), `subsets` the one of JANuS (Feuer et al. 2023).
Both have one interface, `counting.Matcher`: `match(caption)` gives class indices, `counting.count` the frequencies of a
stream of captions. `lexicon` knows English nouns, `termtables` reads what classes are called, `rules` holds the
Imbalance paper's exceptions, `labels` says how good captions' labels are, `specs` makes matchers from a declaration.
"""
