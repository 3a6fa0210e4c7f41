"""Tags and catalog in keyset pages: distribution-spec "Listing Tags", Distribution's catalog."""

import pytest

from repositories.models import Image, Manifest, Tag

ON_BOTH_DATABASES = True

# In the order of their bytes, which is not that of a dictionary.
TAGS = ["0", "10", "9", "A", "Z", "_", "a", "a-b", "a.b", "a_b", "latest", "v1"]


def all_pages(client, path, key):
    """Follows Link until there is none."""
    pages = [client.get(path).expect(200)]
    while pages[-1].header("Link"):
        pages.append(client.get(pages[-1].next_page).expect(200))
    return [page.json()[key] for page in pages]


@pytest.fixture
def tagged(images):
    pushed = images.push_image("team/app", layers=0)
    for tag in reversed(TAGS):
        images.put_manifest("team/app", tag, pushed.content).expect(201)
    return images


def test_tags_come_in_the_order_of_their_bytes(tagged):
    answer = tagged.get("team/app/tags/list").expect(200)
    assert answer.json() == {"name": "team/app", "tags": TAGS}
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Link") is None
    assert tagged.head("team/app/tags/list").expect(200).headers == answer.headers


@pytest.mark.parametrize("size", [1, 5, len(TAGS) - 1])
def test_the_pages_of_tags_give_every_tag_once(tagged, size):
    pages = all_pages(tagged, f"team/app/tags/list?n={size}", "tags")
    assert [tag for page in pages for tag in page] == TAGS
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("n", [len(TAGS), len(TAGS) + 1, 1000, 100000, "9" * 500])
def test_a_page_that_holds_everything_has_no_link(tagged, n):
    answer = tagged.get(f"team/app/tags/list?n={n}").expect(200)
    assert answer.json()["tags"] == TAGS
    assert answer.header("Link") is None


def test_none_wanted_is_an_empty_list_without_link(tagged):
    answer = tagged.get("team/app/tags/list?n=0").expect(200)
    assert answer.json()["tags"] == []
    assert answer.header("Link") is None


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("9", TAGS[3:]),
        ("95", TAGS[3:]),
        ("v1", []),
        ("zzz", []),
        ("", TAGS),
        ("0%00", TAGS[1:]),
        ("a" * 400, TAGS[10:]),
        ("%F0%9F%98%80", []),
        ("' OR 1=1 --", TAGS),
    ],
)
def test_last_is_exclusive_and_need_not_exist(tagged, last, expected):
    path = f"team/app/tags/list?last={last.replace(' ', '%20')}"
    assert tagged.get(path).expect(200).json()["tags"] == expected


def test_n_and_last_together(tagged):
    answer = tagged.get("team/app/tags/list?n=2&last=A").expect(200)
    assert answer.json()["tags"] == ["Z", "_"]
    assert answer.next_page == "/v2/team/app/tags/list?last=_&n=2"


@pytest.mark.parametrize("n", ["-1", "x", "1.5", "%2B5", "1e3", "0x10", "%D9%A1", "1%00"])
@pytest.mark.parametrize("path", ["team/app/tags/list", "_catalog"])
def test_a_number_of_results_that_is_none_is_refused(tagged, path, n):
    tagged.get(f"{path}?n={n}").expect(400, "PAGINATION_NUMBER_INVALID")


def test_an_image_that_nobody_pushed_is_unknown(images):
    answer = images.get("team/app/tags/list").expect(404, "NAME_UNKNOWN")
    assert answer.error["detail"] == {"name": "team/app"}


def test_an_image_without_tags_has_an_empty_list(images):
    images.push_image("team/app")
    assert images.get("team/app/tags/list").expect(200).json()["tags"] == []


def test_more_than_the_largest_page_has_a_link(images):
    pushed = images.push_image("team/app", layers=0)
    row = Manifest.objects.get(digest=pushed.digest)
    names = sorted(f"t{number}" for number in range(1500))
    Tag.objects.bulk_create(Tag(image_id=row.image_id, name=name, manifest=row) for name in names)
    for path in ("team/app/tags/list", "team/app/tags/list?n=5000"):
        pages = all_pages(images, path, "tags")
        assert [len(page) for page in pages] == [1000, 500]
        assert [name for page in pages for name in page] == names


def test_the_catalog_lists_images_with_a_manifest(images, hosted):
    for name in ("b/c", "a", "b", "b-c"):
        images.push_image(name, layers=0)
    images.push_blob("only-a-blob", b"x")
    hosted("others").push_image("elsewhere", layers=0)
    answer = images.get("_catalog").expect(200)
    assert answer.json() == {"repositories": ["a", "b", "b-c", "b/c"]}
    assert all_pages(images, "_catalog?n=3", "repositories") == [["a", "b", "b-c"], ["b/c"]]
    assert images.get("_catalog?n=2&last=b").expect(200).json()["repositories"] == ["b-c", "b/c"]
    assert images.get("_catalog?n=0").expect(200).json()["repositories"] == []


def test_a_page_of_the_catalog_has_100_names_unless_asked(images):
    pushed = images.push_image("first", layers=0)
    row = Manifest.objects.get(digest=pushed.digest)
    for number in range(150):
        image = Image.objects.create(repository_id=row.image.repository_id, name=f"n{number:03}")
        Manifest.objects.create(
            image=image, digest=row.digest, media_type=row.media_type, content=b"", size=0
        )
    pages = all_pages(images, "_catalog", "repositories")
    assert [len(page) for page in pages] == [100, 51]
    assert len(images.get("_catalog?n=151").expect(200).json()["repositories"]) == 151


def test_the_catalog_forgets_an_image_whose_last_manifest_is_deleted(images):
    pushed = images.push_image("team/app", layers=0)
    images.delete(f"team/app/manifests/{pushed.digest}").expect(202)
    assert images.get("_catalog").expect(200).json() == {"repositories": []}


def test_a_token_for_one_image_does_not_read_the_names_of_all(images):
    images.push_image("app", "v1")
    narrow = images.with_token("repository:app:pull,push")
    refused = narrow.get("_catalog").expect(401)
    assert 'scope="registry:catalog:*"' in (refused.header("WWW-Authenticate") or "")
    wide = images.with_token("registry:catalog:*")
    assert wide.get("_catalog").expect(200).json()["repositories"] == ["app"]
