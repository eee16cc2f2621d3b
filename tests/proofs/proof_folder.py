"""The folder of a small study with receipts, and a cheat who signs it again so that all digests fit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.audit import proofs
from datalines.audit.results import read_results
from datalines.audit.verdicts import Check, Verdict
from datalines.files import digest_json, read_json, sha256_file, write_json
from datalines.shards import id_set_digest, order_digest

ROOT = "results/tiny"
LIST = "config/excluded.csv"
CLASSES = ["cat", "dog", "fish"]
EPOCHS = [1, 3]
POOLS = {"red": 40, "blue": 30}
MIXTURES = {"red": {"red": 24}, "both": {"red": 18, "blue": 12}}
SEEDS = {"red": [0], "both": [0, 1]}
RECIPE: dict[str, Any] = {
    "objective": "clip",
    "epochs": 3,
    "keep": EPOCHS,
    "batch": 8,
    "micro_batch": 4,
    "optimizer": {"lr": 1e-3},
    "warmup_steps": 2,
    "shuffle_window": 12,
    "model_spec": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 600, "width": 16, "heads": 2, "layers": 1},
    },
}
SETS = ["reference", "sketch"]
PREPROCESSING = {"resize": "bicubic", "side": "shorter", "crop": "centre"}
RUN = "runs/both/full/0"
MIXED = "mixtures/both/full/manifest.json"
EVALUATION = "evals/both/full/0/natural.json"
Names = dict[str, str | list[str]]


SUMMARY, LOGITS = f"{RUN}/summary.json", EVALUATION.replace(".json", ".safetensors")
RECORDS, TABLE = "records/sources.csv", "papers/paper/tab-published.csv"
SKETCH = "shifts/sketch/manifest.json"


@dataclass
class Folder:
    """The study below a checkout."""

    checkout: Path

    @property
    def root(self) -> Path:
        return self.checkout / ROOT

    def receipt(
        self,
        rule: str,
        job: str,
        wildcards: dict[str, str],
        params: dict[str, Any],
        inputs: Names,
        outputs: Names,
        notes: dict[str, Any] | None = None,
    ) -> None:
        """A receipt whose digests are left to `sign`; files are named from the checkout on."""
        write_json(
            self.root / "receipts" / rule / f"{job}.json",
            {
                "schema": 2,
                "root": ROOT,
                "rule": rule,
                "wildcards": wildcards,
                "params": params,
                "inputs": dict.fromkeys(_flat(inputs), ""),
                "outputs": {path: {} for path in _flat(outputs)},
                "names": {"inputs": inputs, "outputs": outputs},
                "notes": notes or {},
            },
        )

    def json(self, path: str) -> Any:
        return read_json(self.root / path)

    def change(self, path: str, **values: Any) -> None:
        """Set keys of a JSON file."""
        write_json(self.root / path, {**self.json(path), **values})

    def without(self, path: str, *keys: str) -> None:
        """Take keys out of a JSON file."""
        content = self.json(path)
        write_json(self.root / path, {key: value for key, value in content.items() if key not in keys})

    def job(self, rule: str, job: str) -> dict[str, Any]:
        content: dict[str, Any] = self.json(f"receipts/{rule}/{job}.json")
        return content

    def change_job(self, rule: str, job: str, **values: Any) -> None:
        self.change(f"receipts/{rule}/{job}.json", **values)

    def index(self, manifest: str) -> pd.DataFrame:
        return pd.read_parquet((self.root / manifest).with_name("index.parquet"))

    def write_index(self, manifest: str, frame: pd.DataFrame) -> None:
        """Replace an index, and have its manifest count its ids again."""
        path = (self.root / manifest).with_name("index.parquet")
        pq.write_table(pa.Table.from_pandas(frame, pq.read_schema(path), preserve_index=False), path)
        ids = frame["id"].tolist()
        self.change(manifest, id_set_sha256=id_set_digest(ids), order_sha256=order_digest(ids))

    def sign(self) -> None:
        """Write all digests anew, of manifests, runs, evaluations and receipts, so that none of them tells anything."""
        for path in self.root.glob("[ms]*/**/manifest.json"):
            content = read_json(path)
            content["index"]["sha256"] = sha256_file(path.with_name("index.parquet"))
            write_json(path, content)
        for path in self.root.glob("runs/*/*/*/summary.json"):
            content = read_json(path)
            for entry in content["weights"]:
                file = path.with_name(entry["path"])
                entry |= {"bytes": file.stat().st_size, "sha256": sha256_file(file)}
            content["spec"] = digest_json({key: content[key] for key in ("family", "size", "seed", "recipe", "data")})
            write_json(path, content)
            for evaluation in self.root.glob(f"evals/{path.relative_to(self.root / 'runs').parent}/*.json"):
                said = read_json(evaluation)
                write_json(evaluation, {**said, "weights": content["weights"], "spec": content["spec"]})
        for path in self.root.glob("receipts/*/*.json"):
            content = read_json(path)
            content["inputs"] = {name: sha256_file(self.checkout / name) for name in content["inputs"]}
            for name, entry in content["outputs"].items():
                file = self.checkout / name
                entry |= {
                    "bytes": file.stat().st_size,
                    "mtime_ns": file.stat().st_mtime_ns,
                    "sha256": sha256_file(file),
                }
            write_json(path, content)

    def checks(self, checkout: bool = True) -> dict[str, Check]:
        """All proofs by name, after everything was signed again."""
        self.sign()
        return self.checks_as_signed(checkout)

    def checks_as_signed(self, checkout: bool = True) -> dict[str, Check]:
        """All proofs by name."""
        results = read_results(self.root)
        assert not results.unreadable and not results.doubled
        return {check.name: check for check in proofs.checks(results, self.checkout if checkout else None)}

    def words(self, name: str) -> dict[str, str]:
        """What one proof says of which artifact."""
        return {finding.artifact: finding.reason for finding in self.checks()[name].findings}

    def fits(self) -> bool:
        """Whether every file is what receipts and manifests say: hashing finds nothing in a study signed again."""
        results = read_results(self.root)
        there = [entry for entry in results.artifacts.values() if results.file(entry.path).is_file()]
        return all(sha256_file(results.file(entry.path)) == entry.sha256 for entry in there)

    def found(self, name: str, checkout: bool = True) -> dict[str, tuple[Verdict, str]]:
        """{artifact: (verdict, reason)} of what one proof objects to."""
        findings = self.checks(checkout)[name].findings
        return {
            finding.artifact: (finding.verdict, finding.reason)
            for finding in findings
            if finding.verdict is not Verdict.IDENTICAL
        }


def _flat(names: Names) -> list[str]:
    return [path for value in names.values() for path in ([value] if isinstance(value, str) else value)]


def at(*parts: str) -> str:
    """A file of the study as its receipts name it."""
    return "/".join((ROOT, *parts))
