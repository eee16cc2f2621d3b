# Every target sets up what it needs; a set-up with nothing to do takes a fraction of a second. `make` lists the targets.
#   make demo CORES=4               use four cores (default: all of the machine)
#   make demo PYTHON=python3.12     build the environment with this interpreter (default: python3)
#   make demo VENV=/scratch/venv    keep the environment elsewhere (default: .venv)

PYTHON ?= python3
VENV ?= .venv
CORES ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
PACS ?=
CIFAR10 ?=
PYTEST ?=
BENCH ?=
FAULTS ?=

SETUP = $(PYTHON) envs/setup.py --venv "$(VENV)"
RUN = "$(VENV)/bin/python" -m
SNAKEMAKE = $(RUN) datalines.unlock && $(RUN) snakemake --workflow-profile profiles/local --cores $(CORES)
# There is a process of tests for every core: each keeps to one thread.
THREADS = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# Shown last by every target that runs a study.
REPORT = @printf '\nThe report is ready:\nresults/%s/report/index.html\n'

.DEFAULT_GOAL := help
.PHONY: help setup demo real cifar figures published test test-slurm exchange faults dependencies profile bench lint format rulegraph clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## create or repair the environment in .venv (no root; about 8 GB of disk)
	@$(SETUP) demo

demo:  ## the whole study on the embedded testbed: two cores, no data, no GPU, at most 10 minutes
	@$(SETUP) demo
	@$(SNAKEMAKE) --config scale=demo
	$(REPORT) demo

real:  ## the same study on real images: make real PACS=<folder with the PACS domains>
	@for domain in photo art_painting cartoon; do \
	    if [ -z "$(PACS)" ] || ! { [ -f "$(PACS)/pacs-$$domain.tar" ] || [ -d "$(PACS)/$$domain" ]; }; then \
	        echo 'make real needs PACS=<folder>, a folder that holds pacs-photo.tar, pacs-art_painting.tar and pacs-cartoon.tar,' >&2; \
	        echo 'or the folders photo/, art_painting/ and cartoon/ with one folder per class (README.md says where they come from).' >&2; \
	        if [ -n "$(PACS)" ]; then echo "Missing: $(PACS)/pacs-$$domain.tar or $(PACS)/$$domain/" >&2; fi; \
	        exit 2; \
	    fi; \
	done
	@$(SETUP) demo
	@export PACS="$$(cd "$(PACS)" && pwd)" && $(SNAKEMAKE) --config scale=pacs
	$(REPORT) pacs

cifar:  ## the same study on CIFAR-10: make cifar CIFAR10=<folder with cifar10-train.tar and cifar10-test.tar>
	@for part in train test; do \
	    if [ -z "$(CIFAR10)" ] || ! [ -f "$(CIFAR10)/cifar10-$$part.tar" ]; then \
	        echo 'make cifar needs CIFAR10=<folder>, a folder that holds cifar10-train.tar and cifar10-test.tar' >&2; \
	        echo '(tars of JPEG or PNG files laid out as split/class/file).' >&2; \
	        if [ -n "$(CIFAR10)" ]; then echo "Missing: $(CIFAR10)/cifar10-$$part.tar" >&2; fi; \
	        exit 2; \
	    fi; \
	done
	@$(SETUP) demo
	@export CIFAR10="$$(cd "$(CIFAR10)" && pwd)" && $(SNAKEMAKE) --config scale=cifar10
	$(REPORT) cifar10

figures:  ## every table, figure and claim of the paper from archived records, on a machine that trained nothing; at most a minute
	@$(SETUP) demo
	@$(SNAKEMAKE) --config scale=study archive=artifacts/qnq -- figures
	@printf '\nTables and figures are ready:\nresults/archived-study/papers/qnq/\n'

published:  ## what published results allow of four documents: every table and figure, published against recomputed; no pool, no model
	@$(SETUP) demo
	@$(SNAKEMAKE) --config scale=published
	$(REPORT) published

test:  ## all tests, on all cores, at most 15 minutes on two; a selection: make test PYTEST="-k report"
	@$(SETUP) dev
	@$(THREADS) $(RUN) pytest --numprocesses $(CORES) --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(PYTEST)

test-slurm:  ## profiles/slurm on a real Slurm that the tests start on this machine (needs slurm-wlm and munge; about 10 minutes)
	@$(SETUP) dev
	@$(SETUP) slurm
	@$(RUN) tests.slurm $(PYTEST)

exchange:  ## exports of a small study, judged by rocrate-validator and mlcroissant (about 2 minutes)
	@$(SETUP) dev
	@$(PYTHON) envs/setup.py exchange --venv "$(VENV)-exchange"
	@DATALINES_EXCHANGE="$(abspath $(VENV)-exchange)/bin/python" $(RUN) pytest tests/exchange $(PYTEST)

faults:  ## kills, damage and swaps at random in a small study, and whether all comes out the same (80 minutes; FAULTS=--short: 4)
	@$(SETUP) dev
	@$(RUN) tests.campaigns.faults $(FAULTS)

dependencies:  ## known weaknesses of the locked packages (needs a network and pip-audit: pipx install pip-audit)
	@for lock in demo dev slurm img2dataset open-clip exchange; do pip-audit --strict --disable-pip --require-hashes -r envs/$$lock.lock || exit 1; done

profile:  ## register profiles/slurm for you, so that `snakemake --profile slurm` works in this checkout
	@$(SETUP) slurm
	@$(RUN) profiles.register

bench:  ## speeds and memory against the peers, side by side: results/bench.json (about 25 minutes)
	@$(SETUP) dev
	@$(PYTHON) envs/setup.py img2dataset --venv "$(VENV)-img2dataset"
	@$(PYTHON) envs/setup.py open-clip --venv "$(VENV)-open-clip" --over "$(VENV)"
	@DATALINES_OPEN_CLIP="$(abspath $(VENV)-open-clip)/bin/python" DATALINES_IMG2DATASET="$(abspath $(VENV)-img2dataset)/bin/python" $(RUN) benchmarks $(BENCH)

lint:  ## ruff, snakefmt, snakemake --lint, mypy, vulture
	@$(SETUP) dev
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) snakefmt --check Snakefile workflow
	@$(RUN) snakemake --lint --config scale=demo
	@$(RUN) mypy
	@$(RUN) vulture

format:  ## rewrite Python and rule files in the project's format
	@$(SETUP) dev
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .
	@$(RUN) snakefmt Snakefile workflow

rulegraph:  ## draw docs/rulegraph.svg from the rules
	@$(SETUP) demo
	@$(RUN) snakemake --rulegraph dot --quiet all --config scale=demo | $(RUN) docs.rulegraph > docs/rulegraph.svg.new
	@mv docs/rulegraph.svg.new docs/rulegraph.svg
	@echo docs/rulegraph.svg

clean:  ## remove the demo's results and all caches; the environment and other scales' results stay
	rm -rf results/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
