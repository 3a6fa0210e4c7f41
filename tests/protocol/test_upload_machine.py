"""Random sequences on upload sessions against a model of what they hold."""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from repositories.models import Upload
from tests.support.registry import RegistryClient, digest_of, pieces_of

_numbers = count()
content = st.binary(max_size=40)
algorithms = st.sampled_from(["sha256", "sha512"])


class UploadMachine(RuleBasedStateMachine):
    """Sessions of one image; `held` says what each has received, None once it is over."""

    sessions = Bundle("sessions")

    def __init__(self, client: RegistryClient) -> None:
        super().__init__()
        self.client = client
        self.image = f"machine/{next(_numbers)}"
        self.held: dict[str, bytes | None] = {}
        self.blobs: dict[str, bytes] = {}

    @rule(target=sessions, algorithm=algorithms)
    def start(self, algorithm):
        location = self.client.start_upload(self.image, f"?digest-algorithm={algorithm}")
        self.held[location] = b""
        return location

    @rule(session=sessions, more=content, chunked=st.booleans())
    def stream(self, session, more, chunked):
        held = self.held[session]
        answer = self.client.patch(session, pieces_of(more, 7) if chunked else more)
        if held is None:
            answer.expect(404, "BLOB_UPLOAD_UNKNOWN")
        else:
            answer.expect(202)
            self.held[session] = held + more
            self.status(session)

    @rule(session=sessions, more=st.binary(min_size=1, max_size=20), start=st.integers(0, 60))
    def chunk(self, session, more, start):
        held = self.held[session]
        answer = self.client.patch(session, more, Content_Range=f"{start}-{start + len(more) - 1}")
        if held is None:
            answer.expect(404, "BLOB_UPLOAD_UNKNOWN")
        elif start != len(held):
            answer.expect(416, "RANGE_INVALID")
        else:
            answer.expect(202)
            self.held[session] = held + more

    @rule(session=sessions, more=st.binary(min_size=1, max_size=20))
    def next_chunk(self, session, more):
        self.chunk(session, more, len(self.held[session] or b""))

    @rule(session=sessions, more=content)
    def broken_stream(self, session, more):
        answer = self.client.patch(session, iter([more, ConnectionResetError("gone")]))
        held = self.held[session]
        if held is None:
            answer.expect(404, "BLOB_UPLOAD_UNKNOWN")
        else:
            answer.expect(400, "BLOB_UPLOAD_INVALID")
            self.held[session] = held + more

    @rule(session=sessions)
    def status(self, session):
        held = self.held[session]
        answer = self.client.get(session)
        if held is None:
            answer.expect(404, "BLOB_UPLOAD_UNKNOWN")
        else:
            assert answer.expect(204).header("Range") == f"0-{max(len(held) - 1, 0)}"

    @rule(session=sessions)
    def cancel(self, session):
        over = self.held[session] is None
        self.client.delete(session).expect(404 if over else 204)
        self.held[session] = None

    @rule(session=sessions, last=content, algorithm=algorithms)
    def finish(self, session, last, algorithm):
        held = self.held[session]
        whole = (held or b"") + last
        digest = digest_of(whole, algorithm)
        answer = self.client.put(f"{session}?digest={digest}", last)
        if held is None and f"/v2/{self.image}/blobs/{digest}" not in self.blobs:
            answer.expect(404, "BLOB_UPLOAD_UNKNOWN")
            return
        # A closing PUT may be repeated: for what the image has, it is answered as the first was.
        self.held[session] = None
        self.blobs[answer.expect(201).location] = whole

    @rule(session=sessions, last=content, algorithm=algorithms)
    def finish_wrongly(self, session, last, algorithm):
        over = self.held[session] is None
        digest = digest_of(b"no content is ever this", algorithm)
        answer = self.client.put(f"{session}?digest={digest}", last)
        answer.expect(404 if over else 400, "BLOB_UPLOAD_UNKNOWN" if over else "DIGEST_INVALID")
        self.held[session] = None

    @invariant()
    def sessions_are_those_of_the_model(self):
        expected = {each.rpartition("/")[2] for each, held in self.held.items() if held is not None}
        found = Upload.objects.filter(image_name=self.image).values_list("pk", flat=True)
        assert {str(key) for key in found} == expected

    def teardown(self):
        for location, whole in self.blobs.items():
            assert self.client.get(location).expect(200).body == whole


def test_sessions_hold_what_was_sent(images):
    # fault 1, 17, 18
    run_state_machine_as_test(
        lambda: UploadMachine(images),
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            derandomize=True,
            deadline=None,
            database=None,
        ),
    )
