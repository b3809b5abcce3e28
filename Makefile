# V-JEPA 2 as a book that runs. Needs only python3 (with venv), make and git.
#   make lab    open the book in JupyterLab
#   make test   run every notebook and every check
#   make docs   make the site in _docs and check it
#   make outputs  run, in place, the notebooks whose outputs are stale
#   make test-browser   the same as a person does, in Chromium: Run All in JupyterLab, sliders, pages of the site
#                       a part of it: make test-browser NOTEBOOKS="01_masking index" PAGES="index"
# All build .venv first if needed. Another Python: make lab PYTHON=python3.12
PYTHON = python3
IN_VENV = PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help setup lab test docs outputs test-browser

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

# NOTEBOOKS= or PAGES= name a part; without them, everything
test-browser: setup
	@$(IN_VENV) python tools/browser.py $(if $(NOTEBOOKS),--notebooks $(NOTEBOOKS)) $(if $(PAGES),--pages $(PAGES))
