"""The configuration of a study: read from layers of YAML, checked as a whole, handed to the workflow as plain data.

`load_study(root, overrides)` returns a `Study`; `Study.resolved()` is what rules look their parameters up in."""
