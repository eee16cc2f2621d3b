"""A small study with receipts for everything in it, whose proofs hold."""

from pathlib import Path

import pandas as pd

from datalines.files import write_csv
from datalines.published.compare import TITLES, compare
from tests.proofs.proof_data import make_filter, make_mixture, make_set, make_shards, member
from tests.proofs.proof_folder import EPOCHS, LIST, MIXTURES, POOLS, SEEDS, SETS, Folder, Names, at
from tests.proofs.proof_runs import make_evaluation, make_run
from tests.unit.shard_files import write_part
from workflow.scripts import collect_records


def build(checkout: Path) -> Folder:
    """Pools with samples that failed, an exclusion list, mixtures, runs of one and two seeds, evaluations, records and
    a table of published numbers."""
    folder = Folder(checkout)
    (checkout / LIST).parent.mkdir(parents=True)
    (checkout / LIST).write_text(
        f"pool,id,url,reason\nred,{member('red', 3).id},,asked\nred,,https://a.org/red-5,asked\n"
    )
    for pool, count in POOLS.items():
        write_part(folder.root / "pools" / pool, 0, [member(pool, number) for number in range(count)], failed=3)
        make_filter(folder, pool)
        make_shards(folder, pool)
    for name in SETS:
        make_set(folder, name)
    for mixture, counts in MIXTURES.items():
        make_mixture(folder, mixture, counts)
        for seed in SEEDS[mixture]:
            make_run(folder, mixture, seed)
            make_evaluation(folder, mixture, seed)
    make_records(folder)
    make_table(folder)
    folder.sign()
    return folder


def make_records(folder: Folder) -> None:
    folder.sign()
    spec = {"families": list(MIXTURES), "baseline": None, "published": None, "sets": SETS}
    families = {name: {"mixture": name, "sizes": ["full"], "seeds": SEEDS[name], "epochs": EPOCHS} for name in MIXTURES}
    pair = {"members": ["red", "both"], "weights": [0.25, 0.5], "sizes": ["full"], "seeds": [0], "epochs": [3]}
    runs = [(name, seed) for name in MIXTURES for seed in SEEDS[name]]
    paths = [f"evals/{name}/full/{seed}/natural.json" for name, seed in runs]
    table = folder.root / "records" / "sources.csv"
    collect_records.main("sources", spec, families, {"pair": pair}, [folder.root / path for path in paths], table)
    params = {"spec": spec, "families": families, "ensembles": {"pair": pair}}
    inputs: Names = {"evaluations": [at(path) for path in paths]}
    outputs: Names = {"table": at("records", "sources.csv")}
    folder.receipt("collect_records", "sources", {"experiment": "sources"}, params, inputs, outputs)


def make_table(folder: Folder) -> None:
    """A document's numbers: one equal, one that differs, one that nobody can recompute."""
    rows = [
        {"item": "Table 1", "cell": "cat", "published": "0.50", "reason": ""},
        {"item": "Table 1", "cell": "dog", "published": "0.70", "reason": "another test set"},
        {"item": "Table 1", "cell": "fish", "published": "3", "reason": "the images are gone"},
    ]
    cells = "config/transcribed/paper-cells.csv"
    write_csv(folder.checkout / cells, pd.DataFrame(rows))
    found = compare(pd.DataFrame(rows), {("Table 1", "cat"): 0.501, ("Table 1", "dog"): 0.8})
    write_csv(folder.root / "papers" / "paper" / "tab-published.csv", found.rename(columns=TITLES))
    outputs: Names = {"csv": at("papers", "paper", "tab-published.csv")}
    wildcards = {"paper": "paper", "table": "tab-published"}
    folder.receipt("make_table", "paper-tab-published", wildcards, {}, {"rows": [cells]}, outputs)
