"""The configuration of a study: read from layers of YAML, checked as a whole, handed to the workflow as plain data.

`load_study(root, overrides)` returns a `Study`; `Study.resolved()` is what rules look their parameters up in.
"""

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.config.paths import expand
from datalines.config.study import Run, Study

__all__ = ["ConfigError", "Run", "Study", "expand", "first_existing", "load_study"]
