"""Random sequences of pushes and deletions against a model of images."""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from repositories.protocol.media_types import OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from tests.support.manifests import artifact, descriptor, image_manifest, index
from tests.support.registry import RegistryClient, digest_of

_numbers = count()

CONFIGS = [b"first config", b"second config", b"{}"]
FIRST = image_manifest(descriptor(CONFIGS[0], OCI_CONFIG))
SECOND = image_manifest(descriptor(CONFIGS[1], OCI_CONFIG))
INDEX = index(descriptor(FIRST, OCI_MANIFEST), descriptor(SECOND, OCI_MANIFEST))
SIGNATURE = artifact(descriptor(FIRST, OCI_MANIFEST), "application/vnd.example")

BLOBS = [digest_of(content) for content in CONFIGS]
CONTENTS = {digest_of(each): each for each in (FIRST, SECOND, INDEX, SIGNATURE)}
MEDIA_TYPES = {digest_of(INDEX): OCI_INDEX}
NEEDED_BLOBS = {
    digest_of(FIRST): {BLOBS[0]},
    digest_of(SECOND): {BLOBS[1]},
    digest_of(INDEX): set(),
    digest_of(SIGNATURE): {BLOBS[2]},
}
NEEDED_MANIFESTS = {digest_of(INDEX): {digest_of(FIRST), digest_of(SECOND)}}

images_of_a_machine = st.sampled_from(["one", "two"])
digests = st.sampled_from(sorted(CONTENTS))
tags = st.sampled_from(["a", "b", "latest"])
blobs = st.sampled_from(BLOBS)


class Model:
    """What one image holds."""

    def __init__(self) -> None:
        self.seen = False
        self.blobs: set[str] = set()
        self.manifests: set[str] = set()
        self.tags: dict[str, str] = {}

    def can_take(self, digest: str) -> bool:
        """Whether everything that the manifest needs is there."""
        children = NEEDED_MANIFESTS.get(digest, set())
        return NEEDED_BLOBS[digest] <= self.blobs and children <= self.manifests

    def used_blobs(self) -> set[str]:
        """The blobs that a manifest needs."""
        return set().union(*(NEEDED_BLOBS[digest] for digest in self.manifests))


class ContentMachine(RuleBasedStateMachine):
    """Two images that share their blobs and manifests."""

    def __init__(self, client: RegistryClient) -> None:
        super().__init__()
        self.client = client
        number = next(_numbers)
        self.names = {image: f"machine{number}/{image}" for image in ("one", "two")}
        self.models = {image: Model() for image in self.names}

    @rule(image=images_of_a_machine, number=st.integers(0, 2))
    def push_blob(self, image, number):
        self.client.push_blob(self.names[image], CONFIGS[number])
        self.models[image].blobs.add(BLOBS[number])
        self.models[image].seen = True

    @rule(image=images_of_a_machine, source=images_of_a_machine, blob=blobs)
    def mount(self, image, source, blob):
        query = f"?mount={blob}&from={self.names[source]}"
        answer = self.client.post(f"{self.names[image]}/blobs/uploads/{query}")
        if blob in self.models[source].blobs:
            answer.expect(201)
            self.models[image].blobs.add(blob)
            self.models[image].seen = True
        else:
            self.client.delete(answer.expect(202).location).expect(204)

    @rule(image=images_of_a_machine, digest=digests, chosen=st.sets(tags, max_size=2))
    def push(self, image, digest, chosen):
        model = self.models[image]
        query = "?" + "&".join(f"tag={tag}" for tag in sorted(chosen)) if chosen else ""
        media_type = MEDIA_TYPES.get(digest, OCI_MANIFEST)
        answer = self.client.put_manifest(
            self.names[image], digest + query, CONTENTS[digest], media_type
        )
        if not model.can_take(digest):
            answer.expect(400, "MANIFEST_BLOB_UNKNOWN")
            return
        answer.expect(201)
        model.seen = True
        model.manifests.add(digest)
        model.tags |= dict.fromkeys(chosen, digest)

    @rule(image=images_of_a_machine, tag=tags)
    def delete_tag(self, image, tag):
        model = self.models[image]
        answer = self.client.delete(f"{self.names[image]}/manifests/{tag}")
        answer.expect(202 if tag in model.tags else 404)
        model.tags.pop(tag, None)

    @rule(image=images_of_a_machine, digest=digests)
    def delete_manifest(self, image, digest):
        model = self.models[image]
        answer = self.client.delete(f"{self.names[image]}/manifests/{digest}")
        answer.expect(202 if digest in model.manifests else 404)
        model.manifests.discard(digest)
        model.tags = {tag: other for tag, other in model.tags.items() if other != digest}

    @rule(image=images_of_a_machine, blob=blobs)
    def delete_blob(self, image, blob):
        model = self.models[image]
        answer = self.client.delete(f"{self.names[image]}/blobs/{blob}")
        if blob not in model.blobs:
            answer.expect(404)
        elif blob in model.used_blobs():
            answer.expect(405, "UNSUPPORTED")
        else:
            answer.expect(202)
            model.blobs.remove(blob)

    @invariant()
    def the_registry_shows_what_the_model_holds(self):
        for image, model in self.models.items():
            name = self.names[image]
            listing = self.client.get(f"{name}/tags/list")
            if model.seen:
                assert listing.expect(200).json()["tags"] == sorted(model.tags)
            else:
                listing.expect(404, "NAME_UNKNOWN")
            for digest, content in CONTENTS.items():
                answer = self.client.get(f"{name}/manifests/{digest}")
                answer.expect(200 if digest in model.manifests else 404)
                assert answer.status == 404 or answer.body == content
            for tag, digest in model.tags.items():
                head = self.client.head(f"{name}/manifests/{tag}").expect(200)
                assert head.header("Docker-Content-Digest") == digest
            for blob in BLOBS:
                self.client.head(f"{name}/blobs/{blob}").expect(200 if blob in model.blobs else 404)
            referrers = self.client.get(f"{name}/referrers/{digest_of(FIRST)}").expect(200)
            expected = {digest_of(SIGNATURE)} & model.manifests
            assert {each["digest"] for each in referrers.json()["manifests"]} == expected


def test_images_hold_what_was_pushed_and_not_deleted(images):
    assert descriptor(CONFIGS[2], OCI_EMPTY)["digest"] == BLOBS[2]
    run_state_machine_as_test(
        lambda: ContentMachine(images),
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            derandomize=True,
            deadline=None,
            database=None,
        ),
    )
