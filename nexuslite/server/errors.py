"""Why the server does not start, and why a request body cannot be read."""


class StartError(Exception):
    """The server cannot start; the message is meant for the administrator."""


class AlreadyRunningError(StartError):
    """Another instance holds the data folder."""


class PortUnavailableError(StartError):
    """The port of the web interface cannot be bound."""


class BodyError(OSError):
    """The request body cannot be read to its end."""


class ClientDisconnectedError(BodyError):
    """The client went away, or was too slow and was cut off."""


class MalformedBodyError(BodyError):
    """The body breaks the chunked coding (RFC 9112 section 7.1)."""
