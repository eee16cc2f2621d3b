# Shared by all rules (the study, the tables that params are looked up in) and functions that return paths or code digests.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from datalines.codehash import source_hash
from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.dag import Dag, listings

SLUG = "[a-z0-9][a-z0-9-]{0,39}"

try:
    dag = Dag(load_study(Path(workflow.basedir), config), config)
    if not dag.recorded():
        dag.study.check_paths()
except ConfigError as error:
    raise WorkflowError(f"The configuration is not valid.\n{error}") from None

tables = dag.tables()


def known(section):
    """A pattern that matches the declared names of a section and nothing else."""
    return "|".join(map(re.escape, dag.specs[section])) or "(?!)"


declared_shifts = "|".join(dag.shifts(["testbed", "folder", "shards"])) or "(?!)"
adversarial_shifts = "|".join(dag.shifts(["adversarial"])) or "(?!)"
figures = "|".join(sorted({name for paper in dag.specs["papers"].values() for name in paper["figures"]})) or "(?!)"
paper_tables = "|".join(sorted({name for paper in dag.specs["papers"].values() for name in paper["tables"]})) or "(?!)"
states = f"{dag.root}/state"


def code_of(rule, *more):
    """Digest of the code behind a cheap step (its script, the modules it reaches, and further scripts)."""
    return source_hash(f"workflow/scripts/{rule}.py", *more)


def code_if_followed(rule):
    """The same for an expensive step, where the study wants it; otherwise only a declared `version` runs it again."""
    return code_of(rule) if dag.specs["study"]["follow_code"] else "declared version"


def figure_code(wildcards):
    """Digest of the code behind one figure."""
    return code_of("draw_figure", figure_script(wildcards))


def table_code(wildcards):
    """Digest of the code behind one table."""
    return code_of("make_table", table_script(wildcards))


def figure_script(wildcards):
    return f"workflow/scripts/papers/{tables['draw_figure'][wildcards.paper][wildcards.figure]['script']}.py"


def table_script(wildcards):
    return f"workflow/scripts/papers/{tables['make_table'][wildcards.paper][wildcards.table]['script']}.py"


def figure_experiment(wildcards):
    """The experiment's keys that a figure is given as a param."""
    return tables["experiments"][tables["draw_figure"][wildcards.paper][wildcards.figure]["experiment"]]


def figure_records(wildcards):
    return f"<records>/{tables['draw_figure'][wildcards.paper][wildcards.figure]['experiment']}.csv"


def figure_fits(wildcards):
    return f"<fits>/{tables['draw_figure'][wildcards.paper][wildcards.figure]['experiment']}.csv"


def table_rows(wildcards):
    return f"<records>/{tables['make_table'][wildcards.paper][wildcards.table]['experiment'] or 'pools'}.csv"


def pool_files(wildcards):
    return dag.source_files("pools", wildcards.pool)


def shift_files(wildcards):
    return dag.source_files("shifts", wildcards.shift)


def pool_parts(wildcards):
    return dag.parts(wildcards.pool)


def pool_rows(wildcards):
    return dag.parts(wildcards.pool, "parquet")


def mixed_shards(wildcards):
    return dag.mixed(wildcards.mixture, wildcards.size)


def mixed_listings(wildcards):
    return listings(mixed_shards(wildcards))


def training_mixture(wildcards):
    return dag.trained_on(wildcards.family, wildcards.size)


def training_listing(wildcards):
    return listings([training_mixture(wildcards)])


def suite_sets(wildcards):
    return dag.suite(wildcards.suite)


def suite_listings(wildcards):
    return listings(suite_sets(wildcards))


def shift_candidates(wildcards):
    return dag.candidates(wildcards.shift)


def shift_candidates_listing(wildcards):
    return listings([shift_candidates(wildcards)])


def shift_judgement(wildcards):
    return dag.judged_by(wildcards.shift)


def shift_judgement_predictions(wildcards):
    return dag.judged_by(wildcards.shift, "safetensors")


def experiment_evaluations(wildcards):
    return dag.evaluations(wildcards.experiment)


def experiment_predictions(wildcards):
    return dag.predictions(wildcards.experiment)
