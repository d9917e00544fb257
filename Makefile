# Two commands matter: `make lab` opens the course, `make test` proves it. Each builds .venv from the lock on first use.

# The first interpreter TensorFlow has a wheel for (CPython 3.11 to 3.13); say `make lab PYTHON=/path/to/python3.12` to choose.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/ready
LESSON ?=
EXERCISE ?=
FROM ?=
OPTIONS ?=
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: lab test check grade build new lock bench prove mutants clean
.DEFAULT_GOAL := lab

lab: $(READY)              ## open JupyterLab on the course; it prints its address
	@$(BIN)/python -m helpers lab

test: $(READY)             ## lint, then every test
	$(BIN)/ruff check .
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

check: $(READY)            ## check your notebooks without a browser: make check [LESSON=01_behaviour]
	@$(BIN)/retention-check $(LESSON)

grade: $(READY)            ## grade what was handed in: make grade LESSON=01_behaviour [FROM=folder] [OPTIONS="--jobs 4"]
	@$(BIN)/retention-grade $(LESSON) $(FROM) $(OPTIONS)

build: $(READY)            ## regenerate notebooks/, the solved notebooks and the answer keys from solutions/
	$(BIN)/python -m helpers.authoring build

new: $(READY)              ## start an exercise: make new LESSON=01_behaviour EXERCISE=hit_rate
	$(BIN)/python -m helpers.authoring new $(LESSON) $(EXERCISE)

bench: $(READY)            ## seconds and memory beside their budgets
	$(BIN)/python -m helpers.authoring bench

prove: $(READY)            ## the long proofs; writes tests/PROOF.md and tests/GRADING.md: make prove [EXERCISE=lift_at_k]
	$(BIN)/python -m helpers.authoring prove $(EXERCISE)
	$(if $(EXERCISE),,$(BIN)/python -m helpers.authoring mutants)
	$(if $(EXERCISE),,$(BIN)/python -m pytest tests/grading -m "prove or bank" --table tests/GRADING.md)
	$(if $(EXERCISE),,$(BIN)/python -m pytest tests/lessons -m prove)
	$(if $(EXERCISE),,$(BIN)/python -m pytest tests/colab -m "prove or slow")

mutants: $(READY)          ## do the hidden cases kill the mutants? writes tests/MUTANTS.md: make mutants [EXERCISE=lift_at_k]
	$(BIN)/python -m helpers.authoring mutants $(EXERCISE)

$(READY): .venv/locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/locked: requirements.lock
	@test -n "$(PYTHON)" || { echo "This course needs CPython 3.11, 3.12 or 3.13 (TensorFlow has no wheel for others)."; \
		echo "Install one, or name it: make lab PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Building .venv with $$($(PYTHON) --version) from requirements.lock: some minutes, once."
	@$(PYTHON) -m venv --clear .venv || { echo "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

lock:                      ## solve the lock anew (maintainers; needs uv)
	uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 -o requirements.lock

clean:                     ## remove the environment and everything generated for grading
	rm -rf .venv .venv-implicit .grading
