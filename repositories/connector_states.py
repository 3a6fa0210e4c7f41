"""What became of the ports that repositories want."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings

from nexuslite.server.connectors import ConnectorState, read_states
from repositories.connectors import connector_id
from repositories.records import RepositoryRecord

State = Literal["open", "opening", "failed"]


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """One port of a repository. `scheme` is http or https; `reason` tells why it failed."""

    repository: str
    scheme: str
    port: int
    state: State
    reason: str = ""


def connector_reports(records: Iterable[RepositoryRecord]) -> list[ConnectorReport]:
    """The ports of the repositories, HTTPS before HTTP, as the server last reported them."""
    states = _published()
    return [
        _report(record, scheme, port, states.get(connector_id(record.id, scheme)))
        for record in records
        for scheme, port in (("https", record.https_port), ("http", record.http_port))
        if port is not None
    ]


def _published() -> dict[str, ConnectorState]:
    try:
        return read_states(Path(settings.NEXUSLITE_RUN_DIR))
    except (ValueError, KeyError):
        # A file of another version: the server writes it anew with its next change.
        return {}


def _report(
    record: RepositoryRecord, scheme: str, port: int, state: ConnectorState | None
) -> ConnectorReport:
    # A state of another port is from before the last change: the new one is about to open.
    if state is None or state.port != port:
        return ConnectorReport(record.name, scheme, port, "opening")
    return ConnectorReport(record.name, scheme, port, state.state, state.reason)
