"""The two files through which the application asks for ports and learns what became of them.

The application writes ``connectors.json``, the arbiter answers in ``connector-states.json``.
Both are replaced atomically, so a reader never sees half a file.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

WANTED_FILE = "connectors.json"
STATES_FILE = "connector-states.json"
WEB_INTERFACE = ""

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class WantedConnector:
    """A port to be open.

    Attributes:
        id: the application's name for it; "" is the web interface.
        host: address to bind.
        port: TCP port.
        tls: whether it speaks HTTPS.
    """

    id: str
    host: str
    port: int
    tls: bool = False


@dataclass(frozen=True)
class ConnectorState:
    """What became of a wanted connector; ``reason`` says why it failed."""

    port: int
    tls: bool
    state: Literal["open", "failed"]
    reason: str = ""


def write_wanted(run_folder: Path, connectors: Iterable[WantedConnector]) -> None:
    """Ask for exactly these connectors. They open and close within a second or so."""
    _replace(run_folder / WANTED_FILE, {"connectors": [asdict(each) for each in connectors]})


def read_wanted(run_folder: Path) -> list[WantedConnector]:
    """Return the wanted connectors; none when the file is not there yet.

    Raises:
        ValueError: when the file is not what ``write_wanted`` writes.
    """
    document = _read(run_folder / WANTED_FILE)
    if document is None:
        return []
    try:
        return [
            WantedConnector(str(each["id"]), str(each["host"]), int(each["port"]), each["tls"])
            for each in document["connectors"]
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"malformed {WANTED_FILE}: {error!r}") from error


def wanted_signature(run_folder: Path) -> Signature | None:
    """Return what changes whenever the wanted connectors are written anew."""
    try:
        status = os.stat(run_folder / WANTED_FILE)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def write_states(run_folder: Path, states: Mapping[str, ConnectorState]) -> None:
    """Publish the states by connector id."""
    _replace(
        run_folder / STATES_FILE,
        {"states": {connector: asdict(state) for connector, state in states.items()}},
    )


def read_states(run_folder: Path) -> dict[str, ConnectorState]:
    """Return the last published states by connector id; none before the first start."""
    document = _read(run_folder / STATES_FILE)
    if document is None:
        return {}
    return {
        connector: ConnectorState(each["port"], each["tls"], each["state"], each["reason"])
        for connector, each in document["states"].items()
    }


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(document, dict):
        raise ValueError(f"malformed {path.name}")
    return document


def _replace(path: Path, document: dict[str, Any]) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
