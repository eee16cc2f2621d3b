"""Robustness: axis transforms, lines through families, intervals, effective robustness. Data in, data out."""
