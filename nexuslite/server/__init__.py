"""The server: gunicorn with live ports, patient pollers and no Django.

``run`` starts it; ``connectors`` is how the application asks for ports.
"""

from nexuslite.server.application import run
from nexuslite.server.errors import AlreadyRunningError, PortUnavailableError, StartError
from nexuslite.server.options import ServerOptions

__all__ = ["AlreadyRunningError", "PortUnavailableError", "ServerOptions", "StartError", "run"]
