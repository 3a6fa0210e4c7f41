"""What is measured, as one table. Flows are zb's, call by call (see load.c)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from benchmarks.content import MIB, Config, Layer, LayerContent
from benchmarks.generator import Generator, line
from benchmarks.servers import BareApplication, DockerRegistry, Nexuslite, Nginx, Server

REGISTRIES = (Nexuslite.name, DockerRegistry.name)
SMALL, MEDIUM, LARGE = 1 * MIB, 10 * MIB, 100 * MIB
SIZES = (SMALL, MEDIUM, LARGE)
MOST_CLIENTS = 8
_numbers = count()


class Stage:
    """Everything that a plan draws on: contents, the generator, and the images that are there."""

    def __init__(self, generator: Generator, layers: Mapping[int, Layer], config: Config) -> None:
        self.generator = generator
        self.layers = layers
        self.config = config

    def image(self, size: int, client: int) -> str:
        """Name of the image that a client pulls."""
        return f"pulled-{size}/{client}"

    def prepare(self, server: Server) -> None:
        """Pushes one image for each client and size, as zb does before it pulls."""
        for size, layer in self.layers.items():
            plan = [
                line("push", token(server, name), name, layer.content())
                for name in (self.image(size, client) for client in range(MOST_CLIENTS))
            ]
            self.generator.run(server.port, MOST_CLIENTS, plan, layer)


@dataclass(frozen=True)
class Workload:
    """One row: what a flow is, who is compared, and how much of it is one run."""

    name: str
    size: int
    plan: Callable[[Stage, Server, int, int], list[str]]
    """Lines for a server, a number of clients, and the number of flows wanted."""
    counts: Mapping[int, int] = field(default_factory=dict)
    """Flows of one run, by the number of clients."""
    servers: tuple[str, ...] = REGISTRIES
    seconds: float = 0
    """Repeat for so long instead."""
    cold: bool = False
    """Whether the page cache forgets the servers' files before each run."""

    def shortened(self) -> Workload:
        """The same with few flows: shows that it works, not how fast."""
        counts = {clients: max(clients, flows // 4) for clients, flows in self.counts.items()}
        return replace(self, counts=counts, seconds=self.seconds / 4)


def token(server: Server, image: str, actions: str = "pull,push") -> str:
    """A token for the image, fetched before the clock runs: a client has one for many calls."""
    return server.token(f"repository:{image}:{actions}")


def _push_line(server: Server, kind: str, content: LayerContent) -> str:
    # A new image for every push, as in zb.
    name = f"pushed/{next(_numbers)}"
    return line(kind, token(server, name), name, content)


def _push(kind: str, size: int, *, fresh: bool = False) -> Callable[..., list[str]]:
    def plan(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
        layer = stage.layers[size]
        return [
            _push_line(server, kind, layer.fresh() if fresh else layer.content())
            for _ in range(flows)
        ]

    return plan


def _pull_lines(stage: Stage, server: Server, clients: int, flows: int, size: int) -> list[str]:
    content = stage.layers[size].content()
    names = [stage.image(size, client) for client in range(clients)]
    own = [line("pull", token(server, name, "pull"), name, content) for name in names]
    return [own[number % clients] for number in range(flows)]


def _pull(size: int) -> Callable[..., list[str]]:
    def plan(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
        return _pull_lines(stage, server, clients, flows, size)

    return plan


def _mixed(size: int) -> Callable[..., list[str]]:
    def plan(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
        coin = random.Random(flows)
        content = stage.layers[size].content()
        return [
            pull if coin.random() < 0.75 else _push_line(server, "push", content)
            for pull in _pull_lines(stage, server, clients, flows, size)
        ]

    return plan


def _catalog(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
    return [line("get", server.token("registry:catalog:*"), "/v2/_catalog")] * flows


def _small(kind: str, path: Callable[[Stage], str], bare_size: int) -> Callable[..., list[str]]:
    """One call; the bare application answers as many bytes as the body has."""

    def plan(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
        if server.name == BareApplication.name:
            return [line(kind, "-", f"/{bare_size}")] * clients
        bearer = token(server, stage.image(SMALL, 0), "pull")
        return [line(kind, bearer, path(stage))] * clients

    return plan


def _ping_path(stage: Stage) -> str:
    return "/v2/"


def _manifest_path(stage: Stage) -> str:
    return f"/v2/{stage.image(SMALL, 0)}/manifests/tag"


def _small_blob_path(stage: Stage) -> str:
    return _blob_path(stage, SMALL)


def _blob_path(stage: Stage, size: int) -> str:
    return f"/v2/{stage.image(size, 0)}/blobs/{stage.layers[size].content().digest}"


def _blob(stage: Stage, server: Server, clients: int, flows: int) -> list[str]:
    if server.name == Nginx.name:
        return [line("get", "-", f"/{stage.layers[LARGE].path.name}")] * flows
    bearer = token(server, stage.image(LARGE, 0), "pull")
    return [line("get", bearer, _blob_path(stage, LARGE))] * flows


_SMALL_SERVERS = (*REGISTRIES, BareApplication.name)
_MANIFEST_SIZE = 411

WORKLOADS = [
    Workload("push 1 MB", SMALL, _push("push", SMALL), {1: 24, 8: 96}),
    Workload("push 10 MB", MEDIUM, _push("push", MEDIUM), {1: 10, 8: 40}),
    Workload("push 100 MB", LARGE, _push("push", LARGE), {1: 2, 8: 8}),
    Workload("push 1 MB, new layers", SMALL, _push("push", SMALL, fresh=True), {1: 24, 8: 96}),
    Workload("push 10 MB, new layers", MEDIUM, _push("push", MEDIUM, fresh=True), {1: 8, 8: 32}),
    Workload("push 1 MB, streamed", SMALL, _push("push-streamed", SMALL), {1: 24, 8: 96}),
    Workload("push 10 MB, streamed", MEDIUM, _push("push-streamed", MEDIUM), {1: 10, 8: 40}),
    Workload("push 100 MB, streamed", LARGE, _push("push-streamed", LARGE), {1: 2, 8: 8}),
    Workload("pull 1 MB", SMALL, _pull(SMALL), {1: 150, 8: 400}),
    Workload("pull 10 MB", MEDIUM, _pull(MEDIUM), {1: 100, 8: 240}),
    Workload("pull 100 MB", LARGE, _pull(LARGE), {1: 10, 8: 24}),
    Workload("pull 100 MB, cold", LARGE, _pull(LARGE), {1: 1}, cold=True),
    Workload("pull 75 %, push 25 %, 1 MB", SMALL, _mixed(SMALL), {1: 60, 8: 200}),
    Workload("pull 75 %, push 25 %, 10 MB", MEDIUM, _mixed(MEDIUM), {1: 24, 8: 80}),
    Workload("catalog", SMALL, _catalog, {1: 100, 8: 200}),
    Workload(
        "manifest GET by tag",
        SMALL,
        _small("get", _manifest_path, _MANIFEST_SIZE),
        {1: 0, 8: 0},
        _SMALL_SERVERS,
        seconds=1.0,
    ),
    Workload(
        "blob HEAD",
        SMALL,
        _small("head", _small_blob_path, 0),
        {1: 0, 8: 0},
        _SMALL_SERVERS,
        seconds=1.0,
    ),
    Workload(
        "ping /v2/",
        SMALL,
        _small("get", _ping_path, 2),
        {1: 0, 8: 0},
        _SMALL_SERVERS,
        seconds=1.0,
    ),
    Workload("blob GET 100 MB", LARGE, _blob, {1: 20, 8: 48}, (*REGISTRIES, Nginx.name)),
]
