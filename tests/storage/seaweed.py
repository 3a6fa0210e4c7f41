"""An S3 server from a package, on loopback, that checks signatures."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key"
START_SECONDS = 60


@dataclass(frozen=True)
class S3Server:
    endpoint: str

    def configuration(self, bucket: str, prefix: str = "", **sections) -> dict:
        """Return a blob store's configuration as REST has it."""
        return {
            "bucketConfiguration": {
                "bucket": {"region": "us-east-1", "name": bucket, "prefix": prefix},
                "bucketSecurity": {"accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY},
                "advancedBucketConnection": {"endpoint": self.endpoint, "forcePathStyle": True},
                "preSignedUrlEnabled": True,
                **sections,
            }
        }


@contextmanager
def running_s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server with its data in the folder."""
    data = folder / "data"
    data.mkdir()
    log = (folder / "log").open("wb")
    ports = _free_ports(8)
    process = subprocess.Popen(
        _command(folder, data, ports), stdout=log, stderr=subprocess.STDOUT, cwd=folder
    )
    try:
        master, endpoint = (f"http://127.0.0.1:{port}" for port in (ports[0], ports[-1]))
        _wait(process, lambda: _has_volumes(master) and _answers(endpoint), folder / "log")
        yield S3Server(endpoint)
    finally:
        process.kill()
        process.wait()
        log.close()


def _command(folder: Path, data: Path, ports: list[int]) -> list[str]:
    identities = folder / "identities.json"
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "test", "credentials": credentials, "actions": actions}
    identities.write_text(json.dumps({"identities": [identity]}))
    names = (
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "s3.port.grpc",
        "s3.port",
    )
    return [
        str(Path(sys.executable).with_name("weed")),
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={identities}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=0",
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait(process: subprocess.Popen, ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text(errors="replace")[-5000:])


def _has_volumes(master: str) -> bool:
    """Tell whether there is a place to write to; who writes before waits for five seconds."""
    try:
        with urllib.request.urlopen(f"{master}/dir/status", timeout=5) as answer:
            return bool(json.load(answer)["Topology"]["DataCenters"])
    except (OSError, KeyError):
        return False


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True  # It refuses strangers.
    except OSError:
        return False
