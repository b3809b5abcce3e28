# V-JEPA 2 as a book that runs. Needs only python3 (with venv), make and git.
#   make lab    open the book in JupyterLab
#   make test   run every notebook and every check
#   make docs   make the site in _docs and check it
#   make outputs  run, in place, the notebooks whose outputs are stale
# All build .venv first if needed. Another Python: make lab PYTHON=python3.12
PYTHON = python3
IN_VENV = PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help setup lab test docs outputs

help:
	@sed -n 's/^# *\(make .*\)/\1/p' Makefile

setup:
	@PYTHON="$(PYTHON)" sh tools/setup.sh

lab: setup
	@echo "Opening nbs/index.ipynb in JupyterLab (Ctrl-C twice stops it)"
	@$(IN_VENV) python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/nbs/index.ipynb

test: setup
	@$(IN_VENV) python tools/check.py

outputs: setup
	@$(IN_VENV) python tools/outputs.py

docs: outputs
	@$(IN_VENV) python tools/check.py site
	@echo "The site: _docs/index.html"
