"""Clients that want the same thing at the same moment: as if one had come after the other."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.client import Client, Image, Ledger, digest_of, random_bytes
from tests.support.process import ProgramProcess
from tests.support.server import Answer

ROUNDS = 15


QUICK_ON_SQLITE = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def server(program, database) -> ProgramProcess:
    return program(NEXUSLITE_WORKERS=4, **database).start()


def at_once(actions: list[Callable[[], Answer]]) -> list[Answer]:
    """Run the actions at the same moment."""
    together = threading.Barrier(len(actions))

    def run(action: Callable[[], Answer]) -> Answer:
        together.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def objects(server: ProgramProcess) -> list[Path]:
    content = server.data / "blobs/default/content"
    return [path for path in content.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_pushes_of_one_tag_follow_each_other(server):  # fault 11
    client, ledger = Client(server.create_hosted("hosted").http_port), Ledger()
    images = [Image.make(number) for number in range(4)]
    for image in images:
        ledger.push(client, image.digest, image)
    for _ in range(ROUNDS):
        answers = at_once(
            [lambda image=image: client.put_manifest("latest", image.manifest) for image in images]
        )
        assert [answer.status for answer in answers] == [201] * len(images)
        found = {client.assert_whole("latest") for _ in range(8)}
        assert len(found) == 1
        assert found <= {image.digest for image in images}
    ledger.verify(client)


@QUICK_ON_SQLITE
def test_where_a_tag_may_be_pushed_once_one_of_many_is_acknowledged(server):  # fault 11
    client = Client(server.create_hosted("once", write_policy="ALLOW_ONCE").http_port)
    images = [Image.make(number) for number in range(6)]
    for image in images:
        assert client.push(image, image.digest).status == 201
    for number in range(ROUNDS):
        answers = at_once(
            [
                lambda image=image: client.put_manifest(f"v{number}", image.manifest)  # noqa: B023
                for image in images
            ]
        )
        assert sorted(answer.status for answer in answers) == [201, 400, 400, 400, 400, 400]
        (winner,) = (
            image for image, answer in zip(images, answers, strict=True) if answer.status == 201
        )
        assert client.assert_whole(f"v{number}") == winner.digest


@pytest.mark.slow
def test_a_push_and_a_delete_follow_each_other(server):  # fault 11
    client = Client(server.create_hosted("hosted").http_port)
    image = Image.make("contended")
    for number in range(ROUNDS):
        assert client.push(image, "contended").status == 201
        by = image.digest if number % 2 else "contended"
        pushed, deleted = at_once(
            [
                lambda: client.put_manifest("contended", image.manifest),
                lambda: client.request("DELETE", f"manifests/{by}"),  # noqa: B023
            ]
        )
        assert (pushed.status, deleted.status) == (201, 202)
        # Deleted first and pushed after, or the other way round; the same on every worker.
        statuses = {client.request("GET", "manifests/contended").status for _ in range(8)}
        assert statuses in ({200}, {404})
        if statuses == {200}:
            assert client.assert_whole("contended") == image.digest


@pytest.mark.slow
def test_a_manifest_and_the_delete_of_its_blob_follow_each_other(server):  # fault 11
    client = Client(server.create_hosted("hosted").http_port)
    for number in range(ROUNDS):
        image = Image.make(number)
        for content in (image.layer, image.config):
            assert client.push_monolithic(content).status == 201
        layer = f"blobs/{digest_of(image.layer)}"
        pushed, deleted = at_once(
            [
                lambda: client.put_manifest("latest", image.manifest),  # noqa: B023
                lambda: client.request("DELETE", layer),  # noqa: B023
            ]
        )
        # The manifest needs the blob, or is refused because it is gone: never both acknowledged.
        assert (pushed.status, deleted.status) in {(201, 405), (400, 202)}, (pushed, deleted)
        if pushed.status == 201:
            assert client.assert_whole("latest") == image.digest


@QUICK_ON_SQLITE
def test_one_blob_uploaded_at_once_to_several_images_is_one_object(server):  # fault 12
    client = Client(server.create_hosted("hosted").http_port)
    images = [client.image(f"team/app{number}") for number in range(4)]
    for number in range(ROUNDS):
        content = random_bytes(200_000, number)
        answers = at_once(
            [lambda image=image: image.push_monolithic(content) for image in images]  # noqa: B023
        )
        assert [answer.status for answer in answers] == [201] * len(images)
        for image in images:
            assert image.request("GET", f"blobs/{digest_of(content)}").body == content
        assert len(objects(server)) == number + 1
    assert list((server.data / "blobs/default/staging").iterdir()) == []


@pytest.mark.slow
def test_one_upload_finished_several_times_at_once_is_one_blob(server):
    client = Client(server.create_hosted("hosted").http_port)
    for number in range(ROUNDS):
        content = random_bytes(200_000, number)
        location = client.start_upload()
        assert client.patch(location, content, 0).status == 202
        answers = at_once([lambda: client.finish_upload(location, digest_of(content))] * 3)  # noqa: B023
        statuses = sorted(answer.status for answer in answers)
        assert statuses[0] == 201, answers
        assert set(statuses) <= {201, 409}, answers
        assert client.request("GET", f"blobs/{digest_of(content)}").body == content
        assert len(objects(server)) == number + 1


@pytest.mark.slow
def test_a_shared_layer_under_many_new_tags_works_where_redeploy_is_disabled(server):
    client = Client(server.create_hosted("once", write_policy="ALLOW_ONCE").http_port)
    image = Image.make("shared", 300_000)
    tags = [f"v{number}" for number in range(6)]
    answers = at_once([lambda tag=tag: client.push(image, tag) for tag in tags])
    assert [answer.status for answer in answers] == [201] * len(tags)
    assert {client.assert_whole(tag) for tag in tags} == {image.digest}


class Crowd:
    """Threads that make requests until they are told to stop, and note every status."""

    def __init__(self, *actions: Callable[[int], Iterable[Answer]]) -> None:
        self.statuses: Counter[int] = Counter()
        self.failures: list[BaseException] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in actions]

    def _run(self, action: Callable[[int], Iterable[Answer]]) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            try:
                self.statuses.update(answer.status for answer in action(number))
            except BaseException as failure:
                self.failures.append(failure)
                return

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def assert_no_trouble(self) -> None:
        assert self.failures == []
        assert [status for status in self.statuses if status >= 500] == []


def push_whatever_happens(client: Client, image: Image) -> Callable[[int], Iterable[Answer]]:
    """Push by several ways without minding that the repository may be gone."""

    def push(number: int) -> Iterable[Answer]:
        yield client.push_single_post(image.config)
        begun = client.request("POST", "blobs/uploads/")
        yield begun
        if begun.status == 202:
            location = begun.headers["location"]
            yield client.finish_upload(location, digest_of(image.layer), image.layer)
        yield client.put_manifest(f"v{number % 2}", image.manifest)
        if number % 5 == 0:
            yield client.request("DELETE", f"manifests/{image.digest}")

    return push


@pytest.mark.slow
def test_a_repository_is_deleted_while_it_is_pushed_to(server):  # fault 11
    for number in range(6):
        name = f"hosted{number}"
        server.create_hosted(name, http=False, path_enabled=True)
        clients = [Client(server.port, f"{name}/app{each % 3}") for each in range(9)]
        pushers = [
            push_whatever_happens(client, Image.make(each % 4, 500))
            for each, client in enumerate(clients)
        ]
        with Crowd(*pushers) as crowd:
            time.sleep(1.0)
            assert server.rest("DELETE", f"/repositories/{name}").status == 204
            time.sleep(0.3)
        crowd.assert_no_trouble()
        assert crowd.statuses[201] > 0
        assert clients[0].request("GET", "manifests/v0").status == 404


@pytest.mark.slow
def test_images_that_share_layers_are_pushed_mounted_and_deleted_at_once(server):  # fault 11, 12
    port = server.create_hosted("hosted").http_port
    images = [Image.make(number, 500) for number in range(4)]
    clients = [Client(port, f"team/app{number}") for number in range(4)]
    for client in clients:
        for image in images:
            for content in (image.config, image.layer):
                assert client.push_single_post(content).status == 201

    def post_again(each: int) -> Callable[[int], Iterable[Answer]]:
        return lambda number: [
            clients[(each + number) % 4].push_single_post(images[number % 4].layer)
        ]

    def mount(each: int) -> Callable[[int], Iterable[Answer]]:
        def run(number: int) -> Iterable[Answer]:
            digest = digest_of(images[number % 4].layer)
            source, target = clients[number % 4], clients[(each + number) % 4]
            yield target.request("POST", f"blobs/uploads/?mount={digest}&from={source.name}")
            yield target.request("DELETE", f"blobs/{digest}")

        return run

    def put_and_delete(each: int) -> Callable[[int], Iterable[Answer]]:
        def run(number: int) -> Iterable[Answer]:
            client, image = clients[(each + number) % 4], images[number % 4]
            # Refused while the layer is not linked; the manifest is soon gone again.
            yield client.put_manifest(f"v{each}", image.manifest)
            yield client.request("DELETE", f"manifests/{image.digest}")

        return run

    workers = [make(each) for each in range(5) for make in (post_again, mount, put_and_delete)]
    with Crowd(*workers) as crowd:
        time.sleep(10)
    crowd.assert_no_trouble()
    assert crowd.statuses[201] > 100
