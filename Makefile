# The five verbs; each makes or reuses .venv by itself.
#
#   make chat     open the chat page in the browser
#   make test     run the tests                      (ARGS="tests/etl -x" narrows them; WORKERS=0: one process)
#   make lint     ruff, mypy and the import floors
#   make bench    time and memory from call to report
#   make report   write a report                     (STUDY=folder OUT=folder; else the demo study)

SHELL := bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
RECORDINGS := $(VENV)/recordings
OUT ?= out/report
STUDY ?=
ARGS ?=
PORT ?=
WORKERS ?= 2

.PHONY: help chat test lint bench report

help:
	@sed -n 's/^#   //p' Makefile

chat: $(VENV)/.ready-chat
	@$(BIN)/python cli.py chat $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(VENV)/.ready-dev browser $(RECORDINGS)/.ready
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready-chat
	@$(BIN)/python benchmarks/report_latency.py $(ARGS)

report: $(VENV)/.ready-chat
	@set -eu; study="$(STUDY)"; \
	if [ -z "$$study" ]; then \
	  study="out/demo"; rm -rf "$$study"; \
	  $(BIN)/python cli.py demo "$$study"; \
	fi; \
	$(BIN)/python cli.py report "$$study" -o "$(OUT)" $(ARGS)

# A Chromium for the tests of the page: installed where that can be done, else they are skipped.
.PHONY: browser fetch-again
browser:
	@set -eu; if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the tests of the page"; \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
	  echo "No Chromium here: the tests of the page are skipped."; \
	fi

# Recorded traffic of language models' services, as the tests of other packages hold it: their source archives by
# name, each by its hash. The tests read the recordings out of them; nothing of them is built or installed. pip asks an
# archive for its version by hatchling, which is put into a folder that is thrown away: once, and not once an archive.
# An archive that was deleted is fetched again.
ARCHIVES := $(addprefix $(RECORDINGS)/,$(shell \
  sed -n '/==/{h;s/==.*//;s/-/_/g;G;s/\n[^=]*==\([^ ]*\).*/-\1.tar.gz/p;}' tests/agent/traffic/recordings.txt))
$(RECORDINGS)/.ready: tests/agent/traffic/recordings.txt \
  $(if $(filter-out $(wildcard $(ARCHIVES)),$(ARCHIVES)),fetch-again) | $(VENV)/.ready-dev
	@for name in $(BIN)/python python3 python; do \
	  if $$name -m pip --version >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	pip="$${python:-python3} -m pip -qq --disable-pip-version-check --retries 1 --timeout 20"; \
	echo "Fetching recorded traffic for the tests of the language models' clients"; \
	mkdir -p $(@D); hatch=$$(mktemp -d); trap 'rm -rf "$$hatch"' EXIT; \
	if $$pip install -c lock.txt --target "$$hatch" 'hatchling>=1.27,<2' && PYTHONPATH="$$hatch" \
	  $$pip download --require-hashes --no-deps --no-binary :all: --no-build-isolation -d $(@D) -r $<; \
	then touch $@; else echo "It can't be had here: its tests are skipped, but in CI they fail."; fi

$(BIN)/python:
	@python=""; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; \
	  then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "RadiXGPT needs Python 3.11, 3.12 or 3.13, and there is none here" \
	    "(python3 is: $$(python3 --version 2>&1 || true))." >&2; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The lock only constrains versions, so that a CPU build of PyTorch brings no CUDA packages in.
# pip speaks on one line that is written over; its errors are shown in full, its warnings are not.
define install
	set -eu -o pipefail; \
	echo "Installing $(1): some minutes the first time"; \
	$(BIN)/python -m pip install --disable-pip-version-check --no-color -c lock.txt -e '$(2)' \
	  2> >(grep -v ^WARNING >&2) | awk -v live="$$([ -t 1 ] && echo 1 || echo 0)" ' \
	    $$1 == "Collecting" { n++; \
	      if (live) printf "\r\033[K  %d  %s", n, $$2; else if (n % 20 == 0) print "  " n " packages"; \
	      fflush() } \
	    /^Installing collected packages/ { \
	      printf "%s  unpacking %d packages\n", (live ? "\r\033[K" : ""), n; fflush() } \
	    END { if (live) printf "\r\033[K" }'; \
	touch $@
endef

$(VENV)/.ready-chat: pyproject.toml lock.txt | $(BIN)/python
	@$(call install,what the chat needs,.)

$(VENV)/.ready-dev: pyproject.toml lock.txt | $(BIN)/python
	@$(call install,what the tests need,.[dev$(comma)llm$(comma)train$(comma)data$(comma)eval$(comma)synthesis$(comma)mcp])
	@touch $(VENV)/.ready-chat

comma := ,
