"""datalines: reproducible studies of how pre-training data shapes model robustness."""
