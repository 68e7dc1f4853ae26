# `make run` brings up the whole product, `make test` proves it. Python 3.11 or newer and make are all they need.
PYTHON ?= python3
VENV_PYTHON = .venv/bin/python
WORKERS ?= auto
# Settings that no check may depend on; real ones come from the environment (.env.example).
CHECK_ENV = SECRET_KEY=check-only-check-only-check-only-check-only-check-only-0123456789 \
	PORTAL_SEALING_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
	DATABASE_URL=postgresql://portal_app@127.0.0.1:1/portal PORTAL_BASE_URL=https://portal.example

.PHONY: run test lint format bench faults lock audit messages stop clean

run:
	@$(PYTHON) portal/dev/bootstrap.py base
	@exec $(VENV_PYTHON) -m portal.dev.up

test:
	@$(PYTHON) portal/dev/bootstrap.py dev
	@$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadgroup -m "not faults"

lint:
	@$(PYTHON) portal/dev/bootstrap.py dev
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m djlint --lint --quiet templates
	$(CHECK_ENV) $(VENV_PYTHON) -m portal.dev.messages --check
	$(CHECK_ENV) $(VENV_PYTHON) -m mypy
	$(CHECK_ENV) .venv/bin/lint-imports
	$(CHECK_ENV) $(VENV_PYTHON) -W ignore manage.py makemigrations --check --dry-run
	$(CHECK_ENV) $(VENV_PYTHON) -W ignore manage.py check --deploy --fail-level WARNING

format:
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

bench:
	@$(PYTHON) portal/dev/bootstrap.py dev
	@$(VENV_PYTHON) -m tests.bench $(if $(FULL),--full)

faults:
	@$(PYTHON) portal/dev/bootstrap.py dev
	@$(VENV_PYTHON) -m pytest -m faults tests/faults

# Ask for known vulnerabilities of what is locked; needs the internet, so it is no part of lint.
audit:
	@$(PYTHON) portal/dev/bootstrap.py dev
	$(VENV_PYTHON) -m pip_audit -r requirements/dev.txt --require-hashes --disable-pip --progress-spinner off

# Bring the message catalogues up to date with the source, and compile them.
messages:
	@$(PYTHON) portal/dev/bootstrap.py dev
	@$(VENV_PYTHON) -m portal.dev.messages

# The lock files hold hashes and no index address.
lock:
	$(VENV_PYTHON) -m uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q \
		pyproject.toml -o requirements/base.txt
	$(VENV_PYTHON) -m uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q \
		pyproject.toml --group dev -o requirements/dev.txt

stop:
	@$(VENV_PYTHON) -m portal.dev.up --stop

# Begin afresh: removes the database and everything else that runs keep, but no environment and no code.
clean:
	@$(VENV_PYTHON) -m portal.dev.up --clean
