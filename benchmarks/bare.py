"""A WSGI application that does nothing, under nexuslite's server: what HTTP alone costs.

    python -m benchmarks.bare FOLDER PORT

`/<n>` answers n bytes; HEAD answers the same header section without them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nexuslite.server import ServerOptions, run


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers as many bytes as the path says."""
    size = int(environ["PATH_INFO"].strip("/") or 0)
    start_response(
        "200 OK",
        [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))],
    )
    return () if environ["REQUEST_METHOD"] == "HEAD" else (bytes(size),)


if __name__ == "__main__":
    run(
        ServerOptions(data_folder=Path(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2])),
        load_application=lambda: application,
    )
