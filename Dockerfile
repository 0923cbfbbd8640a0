# A worker's image: the `worker` extra only, without test tools, a Java runtime or an embedded PostgreSQL.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements-worker.lock .
RUN /venv/bin/pip install --no-cache-dir -r requirements-worker.lock
COPY pyproject.toml README.md LICENSE ./
COPY recomind recomind
COPY tables tables
COPY agents agents
COPY web web
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
COPY --from=build /venv /venv
RUN useradd --create-home recomind
USER recomind
WORKDIR /home/recomind
ENV PATH=/venv/bin:$PATH
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ.get(\"RECOMIND_WEB_PORT\", \"6066\")}/healthz', timeout=2)"]
CMD ["recomind", "worker"]
