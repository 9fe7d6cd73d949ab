# make run | test | test-spark | test-superset | superset-bundle | superset-datasets | lint | lint-changed | format | dev | bench | bench-spine | compat | setup-extract | setup-semantic | setup-spark | setup-system | clean; each sets up what it needs first.
.PHONY: run test test-spark test-superset superset-bundle superset-datasets lint lint-changed lint-python format \
	base dev bench bench-spine compat clean setup setup-dev setup-extract setup-semantic setup-spark setup-system
.DEFAULT_GOAL := run

HOME_DIR := $(abspath $(or $(CSW_HOME),data))
VENV := .venv
BIN := $(VENV)/bin
SPARK := target/spark
SUPERSET := target/superset
BASE := main
CHANGED_SQL = { git diff --name-only --diff-filter=d --merge-base $(BASE) && git ls-files --others --exclude-standard; } \
	| grep -E '^(models|data_tests)/.*\.sql$$'
WITHOUT_DBT := --disable-progress-bar --config tools/sqlfluff.changed.cfg

export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

run: setup
	@$(BIN)/csw run $(ARGS)

# CI runs this after `make lint`. The tests of a file share a process and its warehouses.
test: setup-dev
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

# Builds the same models on Spark and compares every mart with DuckDB's. It needs Java. CI runs it after `make test`.
test-spark: setup-dev $(SPARK)/.ready
	@PYTHONPATH=$(SPARK) $(BIN)/python -m pytest tests/spark $(ARGS)

# Starts a real Superset with the bundle and looks at it with Chromium. It is not part of CI, because it takes minutes.
test-superset: setup-dev $(SUPERSET)/.ready
	@$(BIN)/python -m pytest tests/superset $(ARGS)

# A file for the import of Superset, which then reads the warehouse in CSW_HOME.
superset-bundle: setup
	@$(BIN)/python -m tools.superset_bundle zip target/csw-superset.zip --home $(HOME_DIR)
	@echo "target/csw-superset.zip reads $(HOME_DIR)/current. Import it in Superset under Dashboards."

# Writes the columns of Superset's datasets from the contracts of the marts.
superset-datasets: setup
	@$(BIN)/python -m tools.superset_bundle datasets

# CI runs this first. dbt compiles every model for sqlfluff, which takes minutes.
lint: lint-python
	@mkdir -p target && test -f profiles.yml || cp profiles.example.yml profiles.yml
	@CSW_WAREHOUSE=$(CURDIR)/target/lint.duckdb $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 \
		models data_tests

# The same in seconds: it checks only SQL that differs from BASE, rendered without dbt.
lint-changed: lint-python base
	@$(CHANGED_SQL) | xargs -r $(BIN)/sqlfluff lint $(WITHOUT_DBT)

lint-python: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/vulture

# Python as a whole, SQL where it differs from BASE. sqlfluff cannot format a file with a `noqa: PRS`.
format: setup-dev base
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@$(CHANGED_SQL) | xargs -r $(BIN)/sqlfluff format $(WITHOUT_DBT)

base:
	@git rev-parse --quiet --verify $(BASE) > /dev/null || { \
		echo "error: git knows no $(BASE) to compare with. Name your base: make lint-changed BASE=origin/main" >&2; exit 1; }

# Dagster's pages for the warehouse in CSW_HOME, on http://localhost:3000
dev: setup
	@$(BIN)/csw prepare
	@DAGSTER_HOME=$(HOME_DIR)/dagster $(BIN)/dagster dev -m orchestration.dagster_defs.definitions

bench: setup-dev
	@$(BIN)/python -m tests.bench $(ARGS)

# The revenue models beside the month spine of open playbooks.
bench-spine: setup-dev
	@$(BIN)/python -m tests.bench.spine $(ARGS)

# Runs with the previous line of DuckDB, which must make equal marts. Every older version that is supported reads a
# release. The tests do the same with the oldest and the newest of these versions.
compat: setup-dev
	@$(BIN)/python -m tests.compat $(ARGS)

# Removes the environment and caches, but never a warehouse.
clean:
	rm -rf $(VENV) target logs .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/.ready

setup-dev: $(VENV)/.ready-dev

# What `csw extract` needs beyond a run.
setup-extract: $(VENV)/.ready-extract

# What `mf query` needs beyond a run.
setup-semantic: $(VENV)/.ready-semantic

# What `csw run --engine spark` needs beyond a run.
setup-spark: $(VENV)/.ready-spark

# The tests have Spark in a folder of its own, because Great Expectations loads pyspark if it can import it.
$(SPARK)/.ready: requirements-spark.lock $(VENV)/.ready
	@java -version > /dev/null 2>&1 || { \
		echo "error: no java was found, and Spark needs Java 17 or 21. Install a JRE, such as openjdk-17-jre-headless." >&2; \
		exit 1; }
	@echo "Setting up Spark in $(SPARK) (once; a minute or two)" >&2
	@rm -rf $(SPARK)
	@$(BIN)/python -m pip install --quiet --quiet --no-deps --require-hashes --target $(SPARK) -r requirements-spark.lock
	@touch $@

# Superset has an environment of its own, because it needs older packages than a run.
$(SUPERSET)/.ready: requirements-superset.lock $(VENV)/.ready
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { \
		echo "error: Superset 6.1 needs Python 3.11 or 3.12, and $(VENV) has a newer one: make clean; make PYTHON=python3.12 setup" >&2; \
		exit 1; }
	@echo "Setting up Superset in $(SUPERSET) (once; a few minutes and 900 MB on disk)" >&2
	@rm -rf $(SUPERSET)
	@$(BIN)/python -m venv $(SUPERSET)
	@$(SUPERSET)/bin/python tools/install.py requirements-superset.lock
	@touch $@

# Chromium opens the report, and `csw push` copies to PostgreSQL. Tests that need a missing one are skipped.
setup-system:
	@missing="chromium fonts-liberation"; \
	for browser in chromium chromium-browser google-chrome; do \
		if command -v $$browser > /dev/null; then missing=; fi; done; \
	ls /usr/lib/postgresql/*/bin/postgres > /dev/null 2>&1 || missing="$$missing postgresql"; \
	test -n "$$missing" || exit 0; \
	command -v apt-get > /dev/null || { \
		echo "error: apt-get was not found. Install these programs yourself: $$missing" >&2; exit 1; }; \
	echo "Installing Debian's packages: $$missing" >&2; \
	sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
	$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $$missing > /dev/null

# The packages that `csw run` and Dagster need. Python compiles a package when it first loads it.
$(VENV)/.ready: requirements.lock pyproject.toml
	@python=; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null; \
		then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: no Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Setting up $(VENV) (once; about a minute and 700 MB on disk)" >&2; \
	"$$python" -m venv $(VENV)
	@$(BIN)/python tools/install.py requirements.lock
	@$(BIN)/python -m pip install --quiet --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m orchestration.report.vega
	@touch $@

# The tools for tests and style.
$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo "Adding the tools for tests and style to $(VENV) (once; about 100 MB)" >&2
	@$(BIN)/python tools/install.py requirements-dev.lock
	@touch $@

# The REST client of `csw extract`.
$(VENV)/.ready-extract: requirements-extract.lock $(VENV)/.ready
	@echo "Adding the packages of csw extract to $(VENV) (once; about 25 MB)" >&2
	@$(BIN)/python tools/install.py requirements-extract.lock
	@touch $@

# dbt-spark and Spark itself.
$(VENV)/.ready-spark: requirements-spark.lock $(VENV)/.ready
	@echo "Adding Spark to $(VENV) (once; about 480 MB)" >&2
	@$(BIN)/python tools/install.py requirements-spark.lock
	@touch $@

# MetricFlow, which answers `mf query`.
$(VENV)/.ready-semantic: requirements-semantic.lock $(VENV)/.ready
	@echo "Adding the packages of mf query to $(VENV) (once; about 10 MB)" >&2
	@$(BIN)/python tools/install.py requirements-semantic.lock
	@touch $@
