#!/bin/sh
# Write the lock files: pinned versions with hashes, no addresses (`make lock`).
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --no-emit-find-links "$@"; }
compile pyproject.toml -o requirements/app.txt
compile pyproject.toml --extra dev -o requirements/dev.txt
compile requirements/node.in -o requirements/node.txt
