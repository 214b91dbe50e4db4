# The service as an image: `musubi serve` and `musubi worker` run from it, as a user without rights.
FROM python:3.13-slim-bookworm AS build
WORKDIR /srv/musubi
RUN python -m venv /srv/venv
ENV PATH=/srv/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/app.txt requirements/app.txt
RUN pip install --quiet --require-hashes -r requirements/app.txt
COPY pyproject.toml README.md ./
COPY app app
COPY search search
COPY migrations migrations
RUN pip install --quiet --no-deps --no-build-isolation --editable .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/musubi musubi && install -d -o musubi /data
COPY --from=build /srv /srv
WORKDIR /srv/musubi
ENV PATH=/srv/venv/bin:$PATH MUSUBI_DATA_DIR=/data MUSUBI_DEMO=false PYTHONUNBUFFERED=1
VOLUME /data
USER musubi
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["musubi", "serve", "--host", "0.0.0.0"]
