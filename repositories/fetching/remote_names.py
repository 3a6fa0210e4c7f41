"""How a remote calls an image, and which namespaces it stands for."""

from __future__ import annotations

from urllib.parse import urlsplit

from repositories.proxy_records import ProxyRecord

DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def remote_name(proxy: ProxyRecord, image_name: str) -> str:
    """The image's name at the remote: Docker Hub keeps its official ones below `library/`."""
    if "/" not in image_name and is_docker_hub(proxy):
        return f"library/{image_name}"
    return image_name


def is_docker_hub(proxy: ProxyRecord) -> bool:
    """Whether the remote is Docker Hub itself."""
    return _host(proxy) in DOCKER_HUB_HOSTS


def stands_for(proxy: ProxyRecord, namespace: str) -> bool:
    """Whether the remote is the registry that a client's `ns` names (host, perhaps with a port)."""
    wanted = namespace.lower()
    if wanted in DOCKER_HUB_HOSTS:
        return is_docker_hub(proxy)
    return wanted in {_host(proxy), urlsplit(proxy.remote_url).netloc.lower().rpartition("@")[2]}


def _host(proxy: ProxyRecord) -> str:
    return urlsplit(proxy.remote_url).hostname or ""
