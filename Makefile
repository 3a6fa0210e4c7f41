# make run · make test · make test-slow · make check · make bench
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run setup setup-test test test-slow check format messages bench clean

run: $(VENV)/.installed
	@exec $(BIN)/python manage.py serve

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "nexuslite needs Python 3.11 or newer" >&2; exit 1)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,dev]'
	@touch $(VENV)/.installed $@

setup: $(VENV)/.installed

setup-test: $(VENV)/.installed-test
	@scripts/install-test-packages.sh

test: setup-test
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: setup-test
	@$(BIN)/python -m pytest -m slow

check: $(VENV)/.installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy nexuslite accounts repositories manage.py
	@$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.installed-test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The texts of the web interface, collected for translators and compiled; needs Debian's gettext.
messages: $(VENV)/.installed
	@$(BIN)/python manage.py makemessages -l zh_Hans --no-obsolete --no-wrap --add-location file -i .venv -i build -i tests -i data -i benchmarks
	@$(BIN)/python manage.py compilemessages -i .venv

bench: setup-test
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
