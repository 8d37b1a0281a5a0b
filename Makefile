# Every task of the project. Each target first installs what it needs; none of them does anything twice.

# Which Pulumi.<stack>.yaml to work on.
STACK ?= local
# Which test files `make unit`, `contract` and `wire` run, a part of their paths; which topic `make bench` measures.
T ?=

mesh := node lib/run.mjs cli/main.ts
# npm writes this file when an installation is complete. Not `npm ci`: it refuses a lockfile that lacks the binaries for other
# platforms, which not every registry has.
installed := node_modules/.package-lock.json
# The same for what draws the report. Only the targets that draw or check it install that.
report_installed := report/node_modules/.package-lock.json
npm_install := npm install --no-save --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help up preview down status env test unit contract wire bench report lint clean

up: $(installed) ## bring the platform up and end in a URL that answers; on eks, a terminal is asked first
	@$(mesh) up --stack '$(STACK)'

preview: $(installed) ## show what `make up` would change
	@$(mesh) preview --stack '$(STACK)'

down: $(installed) ## take everything down and leave nothing behind; on eks, a terminal is asked first
	@$(mesh) down --stack '$(STACK)'

status: $(installed) ## show nodes, pods, memory, and what is wrong
	@$(mesh) status --stack '$(STACK)'

env: $(installed) ## print what a shell needs for pulumi, kubectl, helm, istioctl: eval "$$(make -s env)"
	@$(mesh) env --stack '$(STACK)'

test: $(installed) $(report_installed) ## run every test: lint, types, unit, provider, contracts, and real requests
	@$(mesh) test

unit: $(installed) $(report_installed) ## run the unit tests; T=name picks some
	@$(mesh) test unit $(if $(T),'$(T)')

contract: $(installed) $(report_installed) ## run the tests against what reads the platform's objects: API server, Istio, Kong, kind, actionlint; T=name picks some
	@$(mesh) test contract $(if $(T),'$(T)')

wire: $(installed) ## run the tests with real requests against the stack; T=name picks some
	@$(mesh) test wire $(if $(T),'$(T)') --stack '$(STACK)'

bench: $(installed) ## measure what the platform costs, on stack local, which is made anew; T=baseline picks one
	@$(mesh) bench $(if $(T),'$(T)')

report: $(installed) $(report_installed) ## draw what wire tests and benchmarks recorded last, and what runs now, as one HTML file, .state/report.html
	@$(mesh) report --stack '$(STACK)'

lint: $(installed) $(report_installed) ## check style, types, directions of imports, and the Go code
	@$(mesh) test lint

clean: $(installed) ## remove this checkout's state, after `make down`; CACHE=1 also what all checkouts share
	@$(mesh) clean --stack '$(STACK)' $(if $(CACHE),--cache)

help:
	@echo 'make <target> [STACK=$(STACK)]'
	@awk -F ' ## ' '/^[a-z]+:.* ## / { sub(/:.*/, "", $$1); gsub(/\$$\$$/, "$$", $$2); printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(installed): package.json package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || \
	  { echo 'Node.js 20.10 or newer with npm is needed and not on PATH; https://nodejs.org/en/download tells how to install it.' >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 10) ? 0 : 1)' || \
	  { echo "Node.js 20.10 or newer is needed; $$(command -v node) is $$(node --version)." >&2; exit 1; }
	@echo 'Installing the npm packages of package-lock.json' >&2
	@$(npm_install) >&2 && touch $@

$(report_installed): report/package.json report/package-lock.json | $(installed)
	@echo 'Installing the npm packages of report/package-lock.json' >&2
	@cd report && $(npm_install) >&2 && touch ../$@
