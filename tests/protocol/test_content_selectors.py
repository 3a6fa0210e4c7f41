"""Content selectors at every door of the registry API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ContentSelector
from nexuslite import stamps
from repositories.docker import hot
from repositories.models import Image, Manifest, Repository
from repositories.protocol.media_types import OCI_MANIFEST
from tests.support.accounts import BOTH_REALMS, add_user, grant_by_selector, take_all_roles
from tests.support.registry import ANONYMOUS, STRANGER, digest_of

from .test_listings import all_pages

ON_BOTH_DATABASES = True

TEAM = 'format == "docker" and path =~ "^/v2/team/.*"'
LAYER = b"a layer of the other image"
DIGEST = digest_of(LAYER)
EVERY_ACTION = ("read", "add", "edit", "delete")


@pytest.fixture
def world(images):
    """An image of the team and one of others; a client of the stranger, who gains rights here."""
    images.push_image("team/app", "v1")
    images.push_image("other/app", "v1", seed="other")
    images.push_blob("other/app", LAYER)
    return images.as_(STRANGER)


@pytest.fixture
def member(world):
    """The stranger, who may do everything with the images of the team."""
    grant_by_selector("stranger", TEAM, *EVERY_ACTION)
    return world


def test_what_a_selector_matches_can_be_pushed_pulled_and_deleted(member):
    member.push_image("team/new", "v1")
    member.get("team/new/manifests/v1").expect(200)
    assert member.get("team/new/tags/list").expect(200).json()["tags"] == ["v1"]
    member.get(f"team/app/referrers/{DIGEST}").expect(200)
    member.delete("team/new/manifests/v1").expect(202)


REFUSED = [
    ("GET", "manifests/v1"),
    ("HEAD", "manifests/v1"),
    ("PUT", "manifests/v1"),
    ("DELETE", "manifests/v1"),
    ("GET", f"blobs/{DIGEST}"),
    ("HEAD", f"blobs/{DIGEST}"),
    ("DELETE", f"blobs/{DIGEST}"),
    ("GET", "tags/list"),
    ("GET", f"referrers/{DIGEST}"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?digest={DIGEST}"),
    ("PATCH", "blobs/uploads/x"),
    ("PUT", "blobs/uploads/x"),
    ("GET", "blobs/uploads/x"),
    ("DELETE", "blobs/uploads/x"),
]


def outcome(client, method, path, name, *, cold):
    """What a request is answered and how many statements it takes, whatever the name in it."""
    if cold:
        stamps.begin()
    hot._answers.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = client.request(method, path.format(name))
    headers = [(key, value.replace(name, "*")) for key, value in answer.headers]
    lengths = [each for each in headers if each[0] != "Content-Length"]
    return answer.status, answer.body.replace(name.encode(), b"*"), lengths, len(captured)


@pytest.mark.parametrize("cold", [False, True])
@pytest.mark.parametrize("by_token", [False, True])
def test_hidden_and_unknown_images_answer_alike(member, by_token, cold):
    # faults 25, 27
    member.get("another/tags/list")
    for method, path in REFUSED:
        seen = []
        for name in ("other", "novel"):
            client = member
            if by_token:
                client = member.with_token(f"repository:{name}/app:pull,push,delete")
            seen.append(outcome(client, method, f"{{}}/app/{path}", name, cold=cold))
        assert seen[0] == seen[1], (method, path)
        assert seen[0][0] == (401 if by_token else 403)


@pytest.mark.parametrize("cold", [False, True])
def test_hidden_and_unknown_repositories_answer_alike(world, hosted, main_port, cold):
    # faults 25, 27
    hosted("hidden", path_enabled=True).push_image("team/app", "v1")
    grant_by_selector("stranger", TEAM, *EVERY_ACTION, repository="images")
    client = main_port().as_(STRANGER)
    client.get("another/app/tags/list")
    for method, path in REFUSED:
        target = f"/v2/{{}}/team/app/{path}"
        hidden, absent = (
            outcome(client, method, target, name, cold=cold) for name in ("hidden", "absent")
        )
        assert hidden == absent, (method, path)
        assert hidden[0] == 403


def test_a_token_says_what_was_asked_for_and_is_matched(member):
    def scope(*scopes: str) -> str:
        query = "&".join(f"scope={each}" for each in scopes)
        return member.get(f"/v2/token?{query}").expect(200).json()["scope"]

    assert scope("repository:team/app:pull,push") == "repository:team/app:pull,push"
    assert scope("repository:other/app:pull,push,delete") == ""
    assert scope("repository:teams/app:pull") == ""
    both = scope("repository:team/app:pull", "repository:other/app:pull")
    assert both == "repository:team/app:pull"
    token = member.with_token("repository:team/app:pull")
    token.get("team/app/manifests/v1").expect(200)
    token.get("other/app/manifests/v1").expect(401)


def test_each_action_is_looked_at_on_its_own(world):
    grant_by_selector("stranger", TEAM, "read")
    world.get("team/app/manifests/v1").expect(200)
    world.post("team/app/blobs/uploads/").expect(403, "DENIED")
    world.delete("team/app/manifests/v1").expect(403, "DENIED")
    answer = world.get("/v2/token?scope=repository:team/app:pull,push,delete")
    assert answer.json()["scope"] == "repository:team/app:pull"


def test_a_selector_for_tags_opens_these_tags_alone(world, images):
    pushed = images.push_image("team/app", "1.0")
    grant_by_selector("stranger", 'path =~ "/v2/team/app/manifests/1[.].*"', "read", "edit")
    puller = world.with_token("repository:team/app:pull,push")
    puller.get("team/app/manifests/1.0").expect(200)
    puller.get("team/app/manifests/v1").expect(401)
    puller.get(f"team/app/manifests/{pushed.digest}").expect(401)
    puller.get("team/app/tags/list").expect(401)


def test_a_tag_named_beside_a_digest_needs_its_own_permission(world, images):
    pushed = images.push_image("team/app", "1.0")
    expression = 'path =~ "/v2/team/app/manifests/(1[.].*|sha256:.*)"'
    grant_by_selector("stranger", expression, "read", "edit")
    content = pushed.content
    world.put_manifest("team/app", f"{pushed.digest}?tag=1.1", content).expect(201)
    world.put_manifest("team/app", f"{pushed.digest}?tag=1.2&tag=latest", content).expect(403)
    assert images.get("team/app/tags/list").json()["tags"] == ["1.0", "1.1", "v1"]


def test_blobs_may_be_selected_as_nexus_keeps_them(world):
    world.get(f"other/app/blobs/{DIGEST}").expect(403)
    grant_by_selector("stranger", 'path =^ "/v2/-/blobs/"', *EVERY_ACTION)
    world.get(f"other/app/blobs/{DIGEST}").expect(200)
    # For reading alone: a blob is pushed to and deleted from an image.
    world.delete(f"other/app/blobs/{DIGEST}").expect(403)
    world.post("other/app/blobs/uploads/").expect(403)


@pytest.mark.parametrize("source", ["other/app", "never/app", None])
def test_a_mount_from_what_is_not_matched_is_a_new_upload(member, images, source):
    # fault 25
    query = f"?mount={DIGEST}" + (f"&from={source}" if source else "")
    member.post(f"team/new/blobs/uploads/{query}").expect(202)
    grant_by_selector("stranger", 'path =^ "/v2/other/app/blobs/"', "read", name="layers")
    member.post(f"team/new/blobs/uploads/?mount={DIGEST}&from=other/app").expect(201)
    assert images.get(f"team/new/blobs/{DIGEST}").expect(200).body == LAYER


def test_a_selector_of_one_repository_opens_no_other(world, hosted, main_port):
    second = hosted("second", path_enabled=True)
    second.push_image("team/app", "v1")
    grant_by_selector("stranger", TEAM, "read", repository="second")
    world.get("team/app/manifests/v1").expect(403)
    second.as_(STRANGER).get("team/app/manifests/v1").expect(200)
    # By whatever way one comes, the path that counts is that behind the repository.
    by_path = main_port().as_(STRANGER)
    by_path.get("second/team/app/manifests/v1").expect(200)
    by_path.get("second/other/app/manifests/v1").expect(403)
    mounted = main_port("/repository/second/v2/").as_(STRANGER)
    mounted.get("team/app/manifests/v1").expect(200)
    answer = by_path.get("/v2/token?scope=repository:second/team/app:pull,push")
    assert answer.json()["scope"] == "repository:second/team/app:pull"


def test_a_selector_for_another_format_opens_nothing(world):
    grant_by_selector("stranger", 'format == "maven2" and path =~ ".*"', *EVERY_ACTION)
    world.get("team/app/manifests/v1").expect(403)
    world.get("_catalog").expect(403)


def test_a_changed_selector_counts_for_the_next_request(member):
    member.get("team/app/manifests/v1").expect(200)
    with stamps.change(stamps.SECURITY):
        ContentSelector.objects.update(expression='path =^ "/v2/other/"')
    member.get("team/app/manifests/v1").expect(403)
    member.get("other/app/manifests/v1").expect(200)
    take_all_roles("stranger")
    member.get("other/app/manifests/v1").expect(403)


def test_an_expression_that_cannot_be_read_opens_nothing(member):
    with stamps.change(stamps.SECURITY):
        ContentSelector.objects.update(expression="path =~")
    member.get("team/app/manifests/v1").expect(403)


def test_somebody_anonymous_gets_what_selectors_give(world, set_security):
    # fault 27
    with stamps.change(stamps.SECURITY):
        add_user("guest", "!")
    set_security(anonymous_enabled=True, anonymous_user_id="guest", active_realms=BOTH_REALMS)
    grant_by_selector("guest", TEAM, "read")
    nobody = world.as_(ANONYMOUS)
    nobody.get("team/app/manifests/v1").expect(200)
    nobody.get("other/app/manifests/v1").expect(401)
    token = nobody.with_token("repository:team/app:pull")
    token.get("team/app/manifests/v1").expect(200)
    assert nobody.get("_catalog").expect(200).json() == {"repositories": ["team/app"]}


def add_images(*names: str) -> None:
    """Images with a manifest each, in the only repository there is."""
    repository = Repository.objects.get()
    made = Image.objects.bulk_create(Image(repository=repository, name=name) for name in names)
    Manifest.objects.bulk_create(
        Manifest(image=image, digest=DIGEST, media_type=OCI_MANIFEST, content=b"{}", size=2)
        for image in made
    )


class TestCatalog:
    """Only images that may be read are named; pages are full and in order."""

    @pytest.fixture
    def many(self, images):
        names = [
            f"{team}/app-{number:02}" for team in ("a", "b", "team", "z") for number in range(15)
        ]
        add_images(*names, "team-x", "teams/app")
        return images.as_(STRANGER)

    @pytest.mark.parametrize(
        "expression",
        [
            'path =^ "/v2/team/"',
            'path =~ "/v2/team/.*"',
            'path =~ ".*/team/.*"',
            'path =~ "/v2/[s-u]+eam/.*" and path != "/v2/team/app/tags/list"',
            'path =^ "/v2/team/app-0" or path =^ "/v2/team/app-1"',
        ],
    )
    @pytest.mark.parametrize("size", [1, 4, 15, 100])
    def test_pages_are_full_and_in_order(self, many, expression, size):
        grant_by_selector("stranger", expression, "read")
        pages = all_pages(many, f"_catalog?n={size}", "repositories")
        assert [name for page in pages for name in page] == [
            f"team/app-{number:02}" for number in range(15)
        ]
        assert all(len(page) == size for page in pages[:-1])

    def test_an_image_is_named_when_its_tags_may_be_listed(self, many):
        grant_by_selector("stranger", 'path == "/v2/team-x/tags/list"', "read", name="one")
        grant_by_selector("stranger", 'path =^ "/v2/z/app-00/manifests/"', "read", name="two")
        grant_by_selector("stranger", 'path =^ "/v2/teams/"', "add", name="three")
        assert many.get("_catalog").json() == {"repositories": ["team-x"]}

    def test_where_nothing_is_matched_nothing_is_named(self, many):
        grant_by_selector("stranger", 'path == "/v2/"', "read")
        assert many.get("_catalog").expect(200).json() == {"repositories": []}

    def test_a_scope_of_the_catalog_needs_something_to_read(self, many):
        assert many.get("/v2/token?scope=registry:catalog:*").json()["scope"] == ""
        grant_by_selector("stranger", 'path =^ "/v2/team/"', "read")
        assert many.with_token("registry:catalog:*").get("_catalog?n=1").json() == {
            "repositories": ["team/app-00"]
        }

    def test_what_is_hidden_is_not_looked_through_where_names_tell_it(self, many):
        grant_by_selector("stranger", 'path =^ "/v2/team/"', "read")
        many.get("_catalog")
        add_images(*(f"b/more-{number}" for number in range(3000)))
        with CaptureQueriesContext(connection) as captured:
            assert len(many.get("_catalog?n=5").json()["repositories"]) == 5
        assert sum("repositories_image" in each["sql"] for each in captured) <= 2


def test_a_warm_pull_by_a_selector_costs_no_query(member):
    client = member.with_token("repository:team/app:pull")
    client.get("team/app/manifests/v1").expect(200)
    hot._answers.clear()
    with CaptureQueriesContext(connection) as captured:
        client.get("team/app/manifests/v1").expect(200)
    # Over several nodes the stamps are read, and content is not remembered.
    assert len(captured) == (2 if stamps.shared_by_nodes() else 0)
    # Another image's answer is not kept for it.
    client.get("other/app/manifests/v1").expect(401)


def test_through_a_group_the_selector_of_the_group_counts(hosted, group):
    # fault 25
    for name, seed in (("one", "1"), ("two", "2")):
        member = hosted(name)
        member.push_image("team/app", "v1", seed=seed)
        member.push_image("other/app", "v1", seed=seed)
        member.push_image(f"team/{name}", "v1", seed=seed)
    everything = group("all", "one", "two").as_(STRANGER)
    grant_by_selector("stranger", TEAM, *EVERY_ACTION, repository="all")
    everything.with_token("repository:team/app:pull").get("team/app/manifests/v1").expect(200)
    assert all_pages(everything, "_catalog?n=2", "repositories") == [
        ["team/app", "team/one"],
        ["team/two"],
    ]
    answers = [everything.get(f"{name}/app/manifests/v1") for name in ("other", "novel")]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].body.replace(b"other", b"novel") == answers[1].body
    # The members themselves stay shut.
    member.as_(STRANGER).get("team/app/manifests/v1").expect(403)


def test_a_push_to_a_group_is_explained_to_whoever_may_read_the_image(hosted, group):
    hosted("one")
    everything = group("all", "one").as_(STRANGER)
    grant_by_selector("stranger", TEAM, "read")
    answer = everything.post("team/app/blobs/uploads/").expect(403, "DENIED")
    assert answer.error["message"].startswith("Deploying to groups is a PRO-licensed feature.")
    answer = everything.post("other/app/blobs/uploads/").expect(403, "DENIED")
    assert "PRO" not in answer.error["message"]
