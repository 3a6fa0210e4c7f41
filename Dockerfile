# nexuslite in one container: web interface on 8081, repository connectors on 8000-8020.
FROM python:3.11-slim-bookworm

WORKDIR /opt/nexuslite
COPY pyproject.toml ./
RUN python -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check .

COPY manage.py ./
COPY nexuslite nexuslite
COPY accounts accounts
COPY repositories repositories
COPY templates templates
COPY static static
COPY locale locale

RUN useradd --uid 200 --user-group --no-create-home nexuslite \
    && mkdir /nexuslite-data \
    && chown nexuslite:nexuslite /nexuslite-data
USER nexuslite

ENV NEXUSLITE_DATA_DIR=/nexuslite-data \
    NEXUSLITE_CONNECTOR_PORTS=8000-8020 \
    PYTHONUNBUFFERED=1
VOLUME /nexuslite-data
EXPOSE 8081 8000-8020
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD \
    [".venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/service/rest/v1/status', timeout=4)"]

CMD [".venv/bin/python", "manage.py", "serve"]
