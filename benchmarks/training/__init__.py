"""Both trainers of `benchmarks.open_clip_training`: one job description, one process each, the same clock."""
