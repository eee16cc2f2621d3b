"""Options of a figure or table script: the config's values over the script's defaults, and no others."""

from collections.abc import Mapping
from typing import Any

from datalines.config.errors import suggestion
from datalines.published.reading import PublishedError
from datalines.tables import Table

OF_EVERY_TABLE = ("pools", "notes", "digits")


def options_of(title: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults with the given values on top; PublishedError for an option that the script does not have."""
    for name in given:
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            raise PublishedError(
                f"{title!r}, options: {name!r} unknown{suggestion(name, list(defaults))}The script has {known}"
            )
    return {**defaults, **given}


def table_options(table: Table, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a table's script, without those that every table has."""
    own = {name: value for name, value in table.options.items() if name not in OF_EVERY_TABLE}
    return options_of(table.title, own, defaults)


def table_named(tables: Mapping[str, Any], name: str, title: str) -> Any:
    """One of the tables that a figure or table names; PublishedError where it does not name it."""
    if name not in tables:
        raise PublishedError(f"{title!r}: list {name} among its `tables`")
    return tables[name]
