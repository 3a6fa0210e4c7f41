"""How bodies of group repositories are read: types and required fields."""

from __future__ import annotations

# ruff: noqa: N815 - fields are named as in the JSON
from rest_framework import serializers

from nexuslite.rest.fields import Text, Values, optional_text, texts
from repositories.actions.group_settings import MOST_MEMBERS, GroupSettings
from repositories.api.serializers import DockerSerializer, StorageSerializer, docker_settings


class GroupSerializer(serializers.Serializer[Values]):
    """`GroupDeployAttributes`."""

    memberNames = texts(MOST_MEMBERS)
    writableMember = optional_text()


class GroupRepositorySerializer(serializers.Serializer[Values]):
    """`DockerGroupRepositoryApiRequest`."""

    name = Text()
    online = serializers.BooleanField()
    storage = StorageSerializer()
    group = GroupSerializer()
    docker = DockerSerializer()


def group_settings(values: Values) -> GroupSettings:
    """The settings that a valid body of a group repository stands for."""
    storage, group = values["storage"], values["group"]
    return GroupSettings(
        name=values["name"],
        blob_store_name=storage["blobStoreName"],
        online=values["online"],
        strict_content_type_validation=storage["strictContentTypeValidation"],
        docker=docker_settings(values["docker"]),
        member_names=tuple(group["memberNames"]),
        writable_member=group["writableMember"] or None,
    )
