"""An S3 server from a package, on loopback, that checks signatures."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
        endpoint = f"http://127.0.0.1:{ports[-1]}"
        _wait(process, endpoint, folder / "log")
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


def _wait(process: subprocess.Popen, endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with closing(urllib.request.urlopen(endpoint, timeout=5)):
                return
        except urllib.error.HTTPError:
            return  # It refuses strangers, so it answers.
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(log.read_text(errors="replace")[-5000:])
