# Everything here is a command a person could type. "make demo" and "make test" start from a bare
# machine (Python and make), and are quick when run again.

PYTHON ?= python3
BIN := .venv/bin
INDEX ?= demo/index
# a process a core, four at most (each has a JVM and torch); who is idle takes from who is not
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

.PHONY: demo serve test check fix bench poppler
.DEFAULT_GOAL := demo

demo: .venv/installed poppler  ## ingest the samples, ask three questions, draw the hits; INDEX=http://localhost:8080 for Vespa
	@$(BIN)/pagelens ingest samples --index $(INDEX) --encoder lexical
	@$(BIN)/pagelens query "carbon dioxide in the air" --index $(INDEX) -k 3
	@$(BIN)/pagelens query "Windpark vor Borkum" --index $(INDEX) -k 3
	@$(BIN)/pagelens query "moons of the planets" --index $(INDEX) -k 8 --save-pages demo/pages
	@echo
	@echo 'The last hits as one picture: demo/pages/contact-sheet.png. Now your own folder:'
	@echo '  $(BIN)/pagelens ingest ~/Documents'
	@echo '  $(BIN)/pagelens query "what the page says or shows"'

serve: demo  ## the samples in a browser
	$(BIN)/pagelens serve --index $(INDEX)

test: .venv/installed-dev poppler  ## everything CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

check: .venv/installed-dev  ## lint, types and unit tests: what to run before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -q tests/unit

fix: .venv/installed-dev  ## format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed-dev poppler  ## measure speed, memory and growth; tables, then one JSON line
	$(BIN)/python -m tests.bench

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Pagelens needs Python 3.10 to 3.13, this is `$(PYTHON) --version`. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "Python cannot make a virtual environment. Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# poppler renders the pages; installed where the system's installer may do so without asking
poppler:
	@if command -v pdftoppm >/dev/null; then :; \
	elif command -v brew >/dev/null; then brew install poppler; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -q && apt-get install -q -y poppler-utils; \
	elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then \
	  sudo apt-get update -q && sudo apt-get install -q -y poppler-utils; \
	else \
	  echo "Poppler is missing. Install it (Debian: sudo apt install poppler-utils; Fedora: sudo dnf install poppler-utils; macOS: brew install poppler) and run make again." >&2; exit 1; fi
