#!/bin/sh
# What `make check` checks; every step runs, and any that fails fails the whole.
cd "$(dirname "$0")/.."
failed=0
step() { echo "— $1" >&2; shift; "$@" || failed=1; }
bin=.venv/bin
step "書き方" $bin/ruff check --quiet .
step "体裁" $bin/ruff format --quiet --check .
step "型" $bin/mypy
step "部屋の順序" $bin/lint-imports --no-logo
step "テンプレート" $bin/djlint app/templates --lint --quiet
exit $failed
