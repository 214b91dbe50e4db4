# Every target says what it does; `make help` lists them.
PORT ?= 8000
BIN = .venv/bin

.PHONY: help run serve migrate reindex test check format bench drill lock

help: ## この一覧
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

run: .venv/app ## 準備して起動する（make run PORT=8123）
	@exec $(BIN)/musubi run --port $(PORT)

serve: .venv/app ## サービスだけを起動する
	@exec $(BIN)/musubi serve --port $(PORT)

migrate: .venv/app ## データベースを最新の形にする
	@exec $(BIN)/musubi migrate

reindex: .venv/app ## 検索の索引を作り直す
	@exec $(BIN)/musubi reindex

test: .venv/dev ## すべてのテスト（SQLite と PostgreSQL）
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: .venv/dev ## 書き方、型、部屋の順序、テンプレート
	@sh requirements/check.sh

format: .venv/dev ## 書き方をそろえる
	@$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

bench: .venv/dev ## 計測して表と var/bench.json に書く
	@$(BIN)/python -m bench $(ARGS)

drill: .venv/dev ## 書き込みと取り込みの最中に kill -9 を繰り返し、何も失われないことを確かめる
	@$(BIN)/python -m bench.drill $(ARGS)

lock: .venv/dev ## 依存の版を固定し直す
	@sh requirements/lock.sh

.venv/app: requirements/app.txt pyproject.toml requirements/install.sh
	@sh requirements/install.sh app

.venv/dev: requirements/dev.txt pyproject.toml package-lock.json requirements/install.sh
	@sh requirements/install.sh dev
