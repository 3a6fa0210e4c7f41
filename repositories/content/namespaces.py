"""Which registry a client means that pulls through a mirror (distribution-spec, "Proxying").

containerd and podman add `ns=<host>` to every request to a mirror: the registry that stands in the
image's name.
"""

from __future__ import annotations

from dataclasses import replace

from repositories.fetching.remote_names import is_docker_hub, stands_for
from repositories.models.repository import RepositoryType
from repositories.records import RepositoryRecord


def for_namespace(repository: RepositoryRecord, namespace: str) -> RepositoryRecord | None:
    """What of the repository may answer for the registry; None when nothing of it may.

    A remote whose host is another name of the registry surely may, and in a group no other remote
    is asked then. Docker Hub answers for nothing else. Any other remote may itself be a mirror.
    Hosted repositories answer whatever the client's mirrors are set to.
    """
    if repository.type != RepositoryType.GROUP:
        return repository if _may_answer(repository, namespace) else None
    members = [each for each in repository.opened if _may_answer(each, namespace)]
    if any(_surely_answers(each, namespace) for each in members):
        members = [
            each for each in members if each.proxy is None or _surely_answers(each, namespace)
        ]
    return replace(repository, opened=tuple(members)) if members else None


def _surely_answers(repository: RepositoryRecord, namespace: str) -> bool:
    return repository.proxy is not None and stands_for(repository.proxy, namespace)


def _may_answer(repository: RepositoryRecord, namespace: str) -> bool:
    proxy = repository.proxy
    return proxy is None or stands_for(proxy, namespace) or not is_docker_hub(proxy)
