# make demo | lab | test | bench: each sets up .venv by itself, from Python >= 3.10 and nothing else.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo lab lessons check-lessons course wheel site check test-fast test test-faults test-matrix bench experiments sample clean

help:
	@echo "make demo    train MS-SL++ on the sample films, print the retrieval table, write the pictures"
	@echo "make lab     open JupyterLab here"
	@echo "make lessons make the notebooks from notebooks/source, run and measure them (about 10 minutes)"
	@echo "make check-lessons  say which notebooks are not what their sources make (seconds)"
	@echo "make course DIR=…  make an nbgrader course in a new folder (docs/teaching.md)"
	@echo "make wheel   write dist/prvr_lite-VERSION-py3-none-any.whl, which is enough to run the lessons"
	@echo "make site    write the website to build/site (about a minute; runs nothing)"
	@echo "make test    lint, types, spelling, all tests (about 18 minutes on two cores)"
	@echo "make test-fast  the same without the slow tests: for every edit (about 2 minutes)"
	@echo "make test-faults  damaged files, races, full disks, kills: a sample (about 10 minutes)"
	@echo "make test-matrix  the wheel on other Pythons, paths, users and locales (about 15 minutes, some gigabytes)"
	@echo "make bench   the figures that README.md quotes (about 20 minutes)"
	@echo "make experiments  every baseline and ablation, several seeds (about 90 minutes; resumes)"
	@echo "make sample  make the sample data anew (about 20 minutes)"

# One stamp a set of extras; made again only when what it was made from changes.
.venv/stamp-%: pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'Python >= 3.10 is needed: make PYTHON=python3.12 ...'; exit 1; }; \
	  $(PYTHON) -m venv --clear .venv; }
	$(PIP) install -q -c constraints.txt -e '.[$(subst +,$(comma),$*)]'
	@touch $@
comma := ,

demo: .venv/stamp-lessons
	$(BIN)/prvr-lite demo

lab: .venv/stamp-lessons
	$(BIN)/jupyter lab

lessons: .venv/stamp-lessons+course
	$(BIN)/python notebooks/make_lessons.py $(LESSONS)

check-lessons: .venv/stamp-lessons+course
	$(BIN)/python notebooks/make_lessons.py --check

course: .venv/stamp-lessons+course
	@test -n "$(DIR)" || { echo 'name a new folder: make course DIR=my-course'; exit 1; }
	$(BIN)/prvr-lite course make "$(DIR)" $(if $(LESSONS),--lessons $(LESSONS))

wheel: .venv/stamp-lessons
	$(PIP) wheel -q --no-deps --wheel-dir dist .
	@ls dist/*.whl

site: .venv/stamp-lessons+site
	$(BIN)/python docs/site/make_site.py
	@echo "open build/site/index.html, or: $(BIN)/python -m http.server -d build/site"

# One process a core and one thread each: threads that wait for each other are slower than none.
DEVELOP := .venv/stamp-lessons+course+sample+video+scale+site+bench+dev
WORKERS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadgroup --no-loadscope-reorder

check: $(DEVELOP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

test-fast: check
	$(WORKERS) -m "not slow"

test: check
	$(WORKERS) --cov --durations=25

test-faults: $(DEVELOP)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults

test-matrix: $(DEVELOP)
	$(BIN)/python -m benchmarks.matrix

bench: .venv/stamp-lessons+sample+scale+bench+dev
	$(BIN)/python -m benchmarks.clustering
	$(BIN)/python -m benchmarks.scoring
	$(BIN)/python -m benchmarks.training_step
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.collection
	$(BIN)/python -m benchmarks.report

experiments: .venv/stamp-lessons+sample+dev
	$(BIN)/prvr-lite experiments
	$(BIN)/python -m benchmarks.report

sample: .venv/stamp-lessons+sample+dev
	$(BIN)/python data_samples/make_emoji_theatre.py --out data_samples/emoji_theatre.h5
	$(BIN)/python data_samples/make_emoji_theatre.py --movies data_samples/films

clean:
	rm -rf .venv runs
