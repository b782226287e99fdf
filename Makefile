# The only way things are done here: a person and CI call the same targets.
#
#   make demo           install, build the base image, start the demo containers, open the dashboard
#   make test           install, then every test (CGROUP2=no leaves out the virtual machine)
#   make check          format, lint, types, import contracts, unit tests
#   make install        qd and quarterdeck in .venv/bin
#   make test-cgroup2   the cgroup tests in virtual machines that have cgroup v2 only, Debian's two kernels
#   make bench          measurements against podman and crun; ARGS="--help" shows what can be asked
#   make screenshots    the pictures of the README, from a real engine
#   make clean          remove what these targets made in this folder

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
VENV := .venv
BIN := $(VENV)/bin
CGROUP2 ?= yes
MACHINE := ../shared/cgroup2-vm
ARGS ?=

.DEFAULT_GOAL := install
.PHONY: install dev demo test check test-cgroup2 bench screenshots clean

install: $(VENV)/.installed

dev: $(VENV)/.dev

# A stamp, so that the second run is instant; pyproject.toml says what is installed.
$(VENV)/.installed: pyproject.toml tools/venv tools/launcher
	@echo "install: quarterdeck into $(VENV)"
	@tools/venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python tools/launcher $(VENV)
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "install: what tests and linters need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python tools/launcher $(VENV)
	@touch $@

demo: install
	@tools/need --optional nft=nftables
	@$(BIN)/qd demo

check: dev
	@echo "check: format"
	@$(BIN)/ruff format --check .
	@echo "check: lint"
	@$(BIN)/ruff check .
	@echo "check: types"
	@$(BIN)/mypy
	@echo "check: import contracts"
	@$(BIN)/lint-imports
	@echo "check: unit tests"
	@$(BIN)/pytest -q tests/unit

test: dev
	@tools/need --optional nft=nftables iptables=iptables curl=curl dig=bind9-dnsutils ping=iputils-ping ufw=ufw
	@tools/need --optional tmux=tmux skopeo=skopeo ps=procps ip=iproute2 vi=vim-tiny
	@tools/need --optional podman=podman busybox=busybox dockerd=docker.io buildah=buildah umoci=umoci
	@tools/need --optional docker-registry=docker-registry htpasswd=apache2-utils openssl=openssl
	@tools/need --optional setfattr=attr bsdtar=libarchive-tools zstd=zstd xz=xz-utils bzip2=bzip2
ifeq ($(CGROUP2)$(wildcard $(MACHINE)),yes)
	@tests/vm/run # says by name that it is skipped, before the line that must be the last
endif
	@echo "test: unit, snapshot, integration, e2e, fuzz"
	@$(BIN)/pytest
ifeq ($(CGROUP2)$(wildcard $(MACHINE)),yes$(MACHINE))
	@$(MAKE) test-cgroup2
endif

test-cgroup2: dev
	@echo "test-cgroup2: in virtual machines, software emulated: minutes each"
	@tests/vm/run --kernel 6.1
	@tests/vm/run --kernel 6.12

bench: dev
	@tools/need --optional podman=podman crun=crun dockerd=docker.io docker-registry=docker-registry busybox=busybox
	@PYTHONPATH=tests $(BIN)/python -m bench.run $(ARGS)

screenshots: dev
	@tools/need rsvg-convert=librsvg2-bin /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf=fonts-dejavu-core
	@PYTHONPATH=tests $(BIN)/python screenshots/make.py

clean:
	@echo "clean: $(VENV), caches"
	@rm -rf $(VENV) build dist quarterdeck.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
