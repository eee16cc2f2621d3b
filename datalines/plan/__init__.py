"""What a run would take: the jobs that Snakemake would start now, and the configuration's cost model."""
