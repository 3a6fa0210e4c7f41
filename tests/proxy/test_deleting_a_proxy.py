"""A proxy goes with all that it knows of its remote."""

from __future__ import annotations

from django.apps import apps

from accounts.principals import Principal
from repositories.actions.delete_repository import delete_repository
from repositories.models import AwaitedContent, RemoteAbsence, RemoteState, Repository
from tests.proxy.pulls import pull


def test_nothing_is_left_of_a_deleted_proxy(remote, proxy, group):
    pull(proxy, remote.add_image("team/app"))
    remote.add_image("team/other")
    proxy.get("team/other/manifests/latest").expect(200)
    proxy.get("team/none/manifests/latest").expect(404)
    group("all", "proxy")
    for model in (AwaitedContent, RemoteAbsence, RemoteState):
        assert model._default_manager.exists(), model
    delete_repository(Principal("admin"), "proxy")
    assert [row.name for row in Repository.objects.all()] == ["all"]
    for relation in Repository._meta.related_objects:
        assert not relation.related_model._default_manager.exists(), relation.related_model
    assert not any(
        model._default_manager.exists()
        for model in apps.get_app_config("repositories").get_models()
        if any(field.related_model in _CONTENT for field in model._meta.fields)
    )


_CONTENT = {apps.get_model("repositories", name) for name in ("Image", "Manifest")}
