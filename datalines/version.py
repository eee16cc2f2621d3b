"""The version of this project, as pyproject.toml states it."""

VERSION = "0.1.0"
