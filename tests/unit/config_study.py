"""A small sound study on disk, for the tests of `datalines.config`: change one key, load, read the message."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.config.study import Study

TESTBED = {"kind": "testbed", "items": 4000, "domain": {}}
ANIMALS = ["cat", "rabbit", "fish"]
EVALUATION = {"kind": "testbed", "items": 100, "classes": "animals", "prompts": ["a photo of a {}."]}

FILES: dict[str, Any] = {
    "config": {"scale": "demo"},
    "pools": {
        "pools": {
            "yfcc": {"title": "YFCC", **TESTBED},
            "laion": {"title": "LAION", "filter": "web", **TESTBED},
            "photo": {"title": "Photo", "kind": "folder", "path": "$PACS", "templates": ["a {}"], "classes": "animals"},
            "web": {"title": "Web", "kind": "shards", "path": ["$WEB/*.tar"], "items": 900},
        }
    },
    "filters": {
        "filters": {
            "keep-all": [],
            "web": [
                {"kind": "caption-length", "unit": "words", "min": 2},
                {"kind": "class-list", "list": "animals", "name": "known"},
            ],
        }
    },
    "mixtures": {
        "mixtures": {
            "yfcc": {"entries": [{"pool": "yfcc", "share": 1.0}], "sizes": {"half": 1000, "full": 2001}},
            "both": {
                "seed": 3,
                "entries": [{"pool": "yfcc", "share": 0.5}, {"pool": "laion", "share": 0.5, "filter": "keep-all"}],
                "sizes": {"half": 1000, "full": 2001},
            },
            "laion": {"entries": [{"pool": "laion", "count": "all"}]},
            "web": {"entries": [{"pool": "web", "count": 800}]},
            "photo": {"entries": [{"pool": "photo", "count": "all"}]},
        }
    },
    "recipes": {
        "recipes": {
            "clip": {
                "objective": "clip", "model": "tiny", "epochs": 4, "keep": [2, 4], "batch": 64,
                "optimizer": {"lr": 1e-3},
            },
            "supervised": {
                "objective": "supervised", "classes": "animals", "model": "tiny", "epochs": 4, "keep": [1, 4],
                "batch": 64, "optimizer": {"lr": 1e-3},
            },
        }
    },
    "shifts": {
        "classes": {"animals": {"file": "config/classes/animals.txt"}, "other": {"names": ["left", "right"]}},
        "shifts": {
            "reference": {"title": "Reference", "domain": {"classes": ANIMALS}, **EVALUATION},
            "sketch": {"title": "Sketch", "subset": ["cat"], "domain": {"classes": ["cat"]}, **EVALUATION},
            "pacs": {
                "title": "PACS", "kind": "folder", "path": "$PACS", "root": "sketch", "items": 90, "classes": "animals",
                "prompts": ["a {}"], "names": {"katze": "cat"},
            },
            "candidates": {
                "title": "Candidates", "subset": ["cat", "rabbit"], "domain": {"classes": ["rabbit", "cat"]},
                **EVALUATION,
            },
            "hard": {
                "title": "Hard", "kind": "adversarial", "items": 50, "candidates": "candidates",
                "model": {"family": "baseline", "size": "full", "seed": 0, "epoch": 4, "suite": "candidates"},
            },
        },
        "suites": {
            "natural": ["reference", "sketch", "hard"], "candidates": ["candidates"], "real": ["reference", "pacs"],
        },
    },
    "experiments": {
        "families": {
            "baseline": {"title": "Baseline", "mixture": "photo", "recipe": "supervised", "sizes": ["full"]},
            "yfcc": {"title": "YFCC", "mixture": "yfcc", "recipe": "clip", "sizes": ["half", "full"], "seeds": [0, 1]},
            "laion": {"title": "LAION", "mixture": "laion", "recipe": "clip", "sizes": ["full"], "seeds": [1, 2]},
            "both": {"title": "Both", "mixture": "both", "recipe": "clip", "sizes": ["half", "full"]},
            "web": {"title": "Web", "mixture": "web", "recipe": "clip", "sizes": ["full"]},
        },
        "ensembles": {
            "pair": {"title": "Pair", "members": ["yfcc", "laion"], "sizes": ["full"], "weights": [0.0, 0.5, 1.0]},
        },
        "experiments": {
            "sources": {
                "title": "Sources", "families": ["yfcc", "both"], "ensembles": ["pair"], "baseline": "baseline",
                "suite": "natural", "reference": "reference", "shifts": ["sketch", "hard"],
            },
        },
    },
    "papers/qnq": {
        "papers": {
            "qnq": {
                "title": "Quality Not Quantity",
                "tables": {"tab-01": {"title": "Sources", "script": "qnq/tab_01", "pools": ["yfcc", "laion"]}},
                "figures": {
                    "fig-02": {"title": "Lines", "script": "qnq/fig_02", "experiment": "sources", "shifts": ["sketch"]}
                },
            }
        }
    },
    "scales/demo": {"study": {"title": "demo", "targets": ["qnq"]}},
}  # fmt: skip


class StudyFiles:
    """A study in a folder of its own; `set` changes one key of one file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = copy.deepcopy(FILES)

    def set(self, file: str, dotted: str, value: Any) -> "StudyFiles":
        """Write `value` at a dotted key of config/<file>.yaml, making mappings on the way; numbers index lists."""
        *way, last = [int(part) if part.isdigit() else part for part in dotted.split(".")]
        node = self.files.setdefault(file, {})
        for part in way:
            node = node[part] if isinstance(part, int) else node.setdefault(part, {})
        node[last] = value
        return self

    def remove(self, file: str, dotted: str) -> "StudyFiles":
        """Take out a dotted key of config/<file>.yaml."""
        *way, last = dotted.split(".")
        node = self.files[file]
        for part in way:
            node = node[part]
        del node[last]
        return self

    def write(self) -> Path:
        """Write all files; returns the root."""
        config = self.root / "config"
        for name, content in self.files.items():
            path = config / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        (config / "classes").mkdir(exist_ok=True)
        (config / "classes" / "animals.txt").write_text("\n".join(ANIMALS) + "\n")
        (config / "models").mkdir(exist_ok=True)
        (config / "models" / "tiny.json").write_text(json.dumps({"width": 16}))
        scripts = self.root / "workflow" / "scripts" / "papers" / "qnq"
        scripts.mkdir(parents=True, exist_ok=True)
        for name in ("fig_02.py", "tab_01.py"):
            (scripts / name).touch()
        return self.root

    def load(self, **overrides: Any) -> Study:
        """Write and load."""
        return load_study(self.write(), overrides)

    def message(self, **overrides: Any) -> str:
        """The text of the error that loading ends with."""
        with pytest.raises(ConfigError) as caught:
            self.load(**overrides)
        return str(caught.value)
