"""What whoever runs the server may choose."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(values: tuple[str, ...]) -> tuple[Network, ...]:
    """Parse addresses and networks ("10.0.0.1", "10.0.0.0/8").

    Raises:
        ValueError: when one of them is neither.
    """
    return tuple(ipaddress.ip_network(value, strict=False) for value in values)


@dataclass(frozen=True)
class MinimumRate:
    """A body must move ``bytes_per_second`` on average in every ``grace`` seconds of waiting."""

    bytes_per_second: int = 4096
    grace: float = 60.0


@dataclass(frozen=True)
class ServerOptions:
    """Options of the server. Times are in seconds, sizes in bytes.

    Attributes:
        data_folder: lock file, connector files and the self-signed certificate live in it.
        host, port: where the web interface listens; port 0 takes a free one.
        workers: number of worker processes.
        threads: threads of a worker, started when they are needed.
        header_timeout: longest wait for a TLS handshake, and for a whole request head.
        keepalive_timeout: longest idle time of a kept connection. Above the 90 s after which
            Go clients drop theirs, so that the client closes first.
        linger_timeout: how long a connection stays open after its last answer for a client that
            is still sending; six times that if it never stops.
        queue_timeout: longest wait of a request for a thread; 503 after that.
        graceful_timeout: how long active requests may go on once the server stops.
        thread_hold: how long a download may hold a thread while the client is slower than we are.
        minimum_rate: slower bodies are cut off, in both directions.
        max_connections: open connections of a worker; 0 derives it from the limit on open files.
        certificate, private_key: PEM files of the HTTPS connectors; renewed files are picked up.
            Without them a self-signed certificate is made once.
        certificate_names: more names and addresses for the self-signed certificate.
        trusted_proxies: addresses and networks whose X-Forwarded-* headers are believed.
        log_level: debug, info, warning, error or critical.
        access_log: log a line per request on standard output.
    """

    data_folder: Path
    host: str = "0.0.0.0"
    port: int = 8081
    workers: int = 2
    threads: int = 192
    header_timeout: float = 10.0
    keepalive_timeout: float = 100.0
    linger_timeout: float = 5.0
    queue_timeout: float = 30.0
    graceful_timeout: float = 30.0
    thread_hold: float = 0.25
    minimum_rate: MinimumRate = field(default_factory=MinimumRate)
    max_connections: int = 0
    certificate: Path | None = None
    private_key: Path | None = None
    certificate_names: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    log_level: str = "warning"
    access_log: bool = False

    @property
    def run_folder(self) -> Path:
        """Folder of the lock file and the connector files."""
        return self.data_folder / "run"
