#!/bin/sh
# Install the pinned requirements into .venv: `install.sh app` for the service, `install.sh dev` for tests too.
set -eu
cd "$(dirname "$0")/.."
kind=$1
python=${PYTHON:-python3}

stop() { echo "$1" >&2; exit 1; }

command -v "$python" >/dev/null || stop "python3 がありません。Python 3.11 以上を入れてください（Debian: apt install python3 python3-venv）。"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "Python 3.11 以上が必要です（見つかったのは $("$python" --version)）。"
"$python" -c 'import venv, ensurepip' 2>/dev/null || stop "python3 の venv がありません（Debian: apt install python3-venv）。"

if [ ! -x .venv/bin/python ]; then
  echo "Python の環境 .venv を用意しています…" >&2
  "$python" -m venv .venv || stop ".venv を作れません。ディスクの空きと書き込みの権限を確かめてください。"
fi
echo "必要なものを入れています（初回は1〜2分）…" >&2
install() { .venv/bin/python -m pip install --disable-pip-version-check --progress-bar on "$@"; }
install --quiet --require-hashes -r "requirements/$kind.txt" \
  || stop "必要なものを入れられません。ネットワークとディスクの空きを確かめてください。"
install --quiet --no-deps --no-build-isolation --editable . || stop "musubi を入れられません。"
if [ "$kind" = dev ]; then
  # For the tests in a browser; without npm or network they say what is missing.
  if command -v npm >/dev/null; then npm ci --ignore-scripts --silent --fetch-retries=0 >&2 || true; fi
  touch .venv/app
fi
touch ".venv/$kind"
