# make run: builds everything and serves http://127.0.0.1:8025, data in ./poststelle-data
# make test: installs what the tests need and runs all of them
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo -E)
DEBIAN := python3-venv dovecot-imapd dovecot-pop3d dovecot-submissiond postfix postgresql mariadb-server chromium-headless-shell python3 openssl clamav-daemon rspamd spamd pst-utils libfaketime radicale
# A second mailbox server. Its packages conflict with Dovecot's: they are unpacked beside them, not installed.
COURIER := courier-imap courier-pop courier-base courier-authlib courier-authlib-userdb libcourier-unicode4 libgamin0 libidn12 libltdl7
# Some of the tests wait for servers at any time.
TEST_THREADS := $(shell echo $$(($$(nproc) + 1)))
# The first build of a checkout keeps nothing for a second one.
ifndef CARGO_INCREMENTAL
export CARGO_INCREMENTAL := $(if $(wildcard target/debug/.cargo-lock),1,0)
endif
BROWSER_BINARY := $(CURDIR)/target/debug/poststelle

.PHONY: run build test packages web checks rust browser

run: build
	./target/release/poststelle serve --data ./poststelle-data

build: web
	cargo build --release --locked --package poststelle --package poststelle-verify

web: web/dist/index.html

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	cd web && npm run build

test: packages checks rust browser

# Debian's packages, without starting their services: the tests start their own.
packages:
	missing=$$(for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	  $(SUDO) apt-get update -qq; $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	if [ ! -e target/courier/usr ]; then \
	  rm -rf target/debs; mkdir -p target/debs target/courier.new; \
	  (cd target/debs && apt-get download -qq $(COURIER)) && \
	  for deb in target/debs/*.deb; do dpkg -x $$deb target/courier.new; done && mv target/courier.new target/courier || \
	  echo "Courier cannot be had: its tests are skipped"; \
	fi

	if [ ! -e target/moto/bin/python ]; then \
	  rm -rf target/moto && python3 -m venv target/moto.new && target/moto.new/bin/pip install -q 'moto[s3]==5.1.22' flask flask-cors && \
	  mv target/moto.new target/moto || echo "moto cannot be had: the tests of the remote storage are skipped"; \
	fi

# The authorization server of the tests.
OIDC := crates/test-support/oidc
$(OIDC)/node_modules/.package-lock.json: $(OIDC)/package-lock.json
	cd $(OIDC) && npm ci --no-audit --no-fund

# One build for tests, lints and documentation: clippy compiles the crates of the workspace, and rustdoc reads what the tests
# are linked with. `cargo clippy` and `cargo doc` say the same, and check every dependency once more.
checks rust: export RUSTC_WORKSPACE_WRAPPER = $(shell rustc --print sysroot)/bin/clippy-driver
checks rust: export CLIPPY_ARGS = -D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__

# Budget on 2 cores: 15 minutes, most of it the first compile.
checks: web
	(cd web && npm run lint && npm run typecheck && npm run test) & \
	cargo fmt --all --check && \
	cargo test --workspace --all-targets --locked --no-run && \
	cargo xtask tidy && \
	RUSTDOC=$(CURDIR)/xtask/rustdoc cargo test --doc --workspace --locked --quiet && \
	wait $$!

# Budget: 15 minutes. SLOW_TESTS=1 adds the long forms of the slow ones, an hour of mutated
# mails, sessions and files among them.
rust: $(OIDC)/node_modules/.package-lock.json
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --locked --test-threads $(TEST_THREADS); else cargo test --workspace --locked; fi

# Budget: 15 minutes.
browser: web rust
	cd web && POSTSTELLE_BIN=$(BROWSER_BINARY) npm run test:browser
