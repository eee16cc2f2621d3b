# Shared by all rules (the study, the tables that params are looked up in) and functions that return paths or code digests.
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from datalines import archive
from datalines.codehash import source_hash
from datalines.config.load import load_study
from datalines.dag import Dag, listings
from datalines.errors import DatalinesError

SLUG = "[a-z0-9][a-z0-9-]{0,39}"


def check_data(dag, planned):
    """Stop if the targets' data are not there or cannot be read as declared; a dry run says so and plans with them."""
    dag.check_lists()
    try:
        dag.study.check_paths()
    except DatalinesError as error:
        if not planned:
            raise
        logger.warning(f"Not there yet, so that only a dry run goes on:\n{error}")


def asked_of(rule, name, otherwise):
    """A resource that the profile or the command line gives a rule; what depends on the job is not known yet."""
    given = workflow.resource_settings.overwrite_resources.get(rule, {}).get(name)
    return otherwise if given is None or given.is_evaluable() or given.value is None else int(given.value)


try:
    dag = Dag(load_study(Path(workflow.basedir), config), config)
    if dag.study.archive:
        archive.read(Path(dag.study.archive))
    elif not dag.recorded():
        check_data(dag, planned=workflow.output_settings.dryrun)
    ranks = asked_of("train_model", "ranks", asked_of("train_model", "gpu", 1))
    dag.check_ranks(ranks, asked_of("train_model", "nodes", 1))
except DatalinesError as error:
    raise WorkflowError(f"The configuration is not valid.\n{error}") from None

tables = dag.tables()
# Politeness and patience of fetching: jobs read them from here, so that a change of them makes nothing out of date.
config["fetching"] = dag.fetching()
# How often training saves its state: the same.
config["checkpointing"] = dag.specs["training"]


def entry(path):
    """A param: the entry of `tables` at a path such as "fetch_pool/{pool}". Snakemake's `lookup` finds the same, by a search
    through all tables for every job, which takes longer than the rest of a large graph."""

    def find(wildcards):
        found = tables
        for key in path.format(**dict(wildcards.items())).split("/"):
            if key not in found:
                raise WorkflowError(f"There is no {key} among {', '.join(found) or 'nothing'}.")
            found = found[key]
        return found

    return find


def one_of(names):
    """A pattern that matches some names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


def one_below(names):
    """The same for names below folders, {folder: names}: another folder's name does not match."""
    return "|".join(f"(?<=/{re.escape(folder)}/)(?:{one_of(inside)})" for folder, inside in names.items()) or "(?!)"


def known(section):
    """A pattern that matches the declared names of a section and nothing else."""
    return one_of(dag.specs[section])


wildcard_constraints:
    pool=known("pools"),
    filter=known("filters"),
    mixture=known("mixtures"),
    family=known("families"),
    shift=known("shifts"),
    suite=known("suites"),
    experiment=known("experiments"),
    paper=known("papers"),
    size=SLUG,
    part=r"\d+(r\d+)?",
    scorer=known("scorers"),
    seed=r"\d+",


url_pools = one_of(dag.url_pools())
declared_pools = one_of(sorted(set(dag.specs["pools"]) - set(dag.url_pools())))
downloads = one_of(dag.downloads())
declared_shifts = one_of(dag.shifts(["testbed", "folder", "cifar", "shards"]))
adversarial_shifts = one_of(dag.shifts(["adversarial"]))
published_read = one_of(dag.published_read())
published_with_lines = one_of(dag.published_with_lines())
line_figures = one_below(dag.figure_names("draw_figure"))
pool_figures = one_below(dag.figure_names("draw_pool_figure"))
paper_tables = one_below(dag.figure_names("make_table"))
simulations = one_of(tables["simulate_theory"])
counted_pools = one_of(dag.counted_pools())
states = f"{dag.root}/state"


def code_of(rule, *more):
    """Digest of the code behind a cheap step (its script, the modules it reaches, and further scripts)."""
    return source_hash(f"workflow/scripts/{rule}.py", *more)


def code_if_followed(rule):
    """The same for an expensive step, where the study wants it; otherwise only a declared `version` runs it again."""
    return code_of(rule) if dag.specs["study"]["follow_code"] else "declared version"


dag.list_code = code_if_followed("read_list")


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
    """The experiment's keys that a figure is given as a param, where it draws one."""
    name = tables["draw_figure"][wildcards.paper][wildcards.figure]["experiment"]
    return tables["experiments"][name] if name else None


def figure_tables(wildcards):
    """The tables that a figure draws: records and fits of its experiment, or those that it names."""
    spec = tables["draw_figure"][wildcards.paper][wildcards.figure]
    return [dag.table(name) for name in dag.tables_shown(spec)]


def table_rows(wildcards):
    """Records of the table's experiment, or the counts or overlaps of pools, or the tables that it names."""
    spec = tables["make_table"][wildcards.paper][wildcards.table]
    return [dag.table(name) for name in dag.tables_shown(spec)]


def claimed_tables(wildcards):
    return dag.claimed_tables(wildcards.paper)


def table_titles(wildcards):
    """Display names of what the table shows: families, pools, or pools and shifts."""
    spec = tables["make_table"][wildcards.paper][wildcards.table]
    kinds = {"counts": "pool_titles", "overlap": "overlap_titles"}
    return tables[kinds[spec["rows"]] if spec["pools"] else "titles"]


def pool_figure_script(wildcards):
    return f"workflow/scripts/papers/{tables['draw_pool_figure'][wildcards.paper][wildcards.figure]['script']}.py"


def pool_figure_code(wildcards):
    """Digest of the code behind one figure of pools."""
    return code_of("draw_pool_figure", pool_figure_script(wildcards))


def pool_figure_titles(wildcards):
    """Display names of pools, or of evaluation sets where these are shown."""
    spec = tables["draw_pool_figure"][wildcards.paper][wildcards.figure]
    return tables["pool_titles" if spec["pools"] else "titles"]


def wanted_download(wildcards):
    return dag.downloads()[wildcards.place]


def published_files(wildcards):
    return dag.published_files(wildcards.published)


def published_wanted(wildcards):
    return dag.published_wanted(wildcards.published)


def list_files(wildcards):
    return dag.list_files(wildcards.pool)


def list_digest(wildcards):
    return dag.list_digest(wildcards.pool)


def pool_listing(wildcards):
    """The manifest of a list. One that was read as it is now makes no part out of date: the digest of a part's rows does."""
    manifest = dag.listed(wildcards.pool)
    return ancient(manifest) if dag.is_read(wildcards.pool) else manifest


def rows_digest(wildcards):
    """Digest of a part's rows: a list that was edited asks again only for the parts whose rows changed."""
    return dag.rows_digest(wildcards.pool, wildcards.part)


def earlier_rounds(wildcards):
    return dag.rounds_before(wildcards.pool, wildcards.part)


def earlier_rows(wildcards):
    return dag.rounds_before(wildcards.pool, wildcards.part, "parquet")


def ancient_exclusions(wildcards):
    """Exclusion lists; what they say of the pool is a param, so that entries about other pools change nothing."""
    return [ancient(path) for path in dag.exclusions(wildcards.pool)]


def excluded_digest(wildcards):
    return dag.excluded(wildcards.pool)


def filter_hashes(wildcards):
    return dag.own_hashes(wildcards.pool, wildcards.filter)


def filter_scores(wildcards):
    return dag.own_scores(wildcards.pool, wildcards.filter)


def compared_parts(wildcards):
    return dag.other_parts(wildcards.filter)


def compared_rows(wildcards):
    return dag.other_parts(wildcards.filter, "parquet")


def compared_hashes(wildcards):
    return dag.other_hashes(wildcards.filter)


def compared_sets(wildcards):
    return dag.compared_sets(wildcards.filter)


def pool_list(wildcards):
    """The manifest of a pool's list, for pools that have one."""
    return [dag.listed(wildcards.pool)] if wildcards.pool in dag.url_pools() else []


def counted_shards(wildcards):
    return dag.counted_captions(wildcards.pool, "kept")


def counted_listings(wildcards):
    return listings(counted_shards(wildcards))


def counted_lists(wildcards):
    return dag.counted_captions(wildcards.pool, "listed")


def counted_terms(wildcards):
    return dag.counted_terms(wildcards.pool)


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


def mixed_subsets(wildcards):
    return dag.subsets(wildcards.mixture, wildcards.size)


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


def experiment_published(wildcards):
    return dag.published_baseline(wildcards.experiment)


def experiment_predictions(wildcards):
    return dag.predictions(wildcards.experiment)
