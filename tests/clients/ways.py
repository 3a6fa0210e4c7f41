"""The ways on which clients reach a repository."""

from dataclasses import dataclass
from pathlib import Path

WAYS = ("http-basic", "http-bearer", "https-basic", "https-bearer", "path")


@dataclass(frozen=True)
class Way:
    """An address of a repository, as it stands in an image reference.

    Attributes:
        registry: host and port.
        prefix: what goes before the image name with path-based routing.
        tls: whether it speaks HTTPS.
    """

    registry: str
    prefix: str = ""
    tls: bool = False

    def image(self, name: str) -> str:
        """Return the reference of an image; ``name`` may end with a tag or a digest."""
        return f"{self.registry}/{self.prefix}{name}"

    def remote(self, name: str) -> str:
        """Return the same with the transport that skopeo, podman and buildah know."""
        return f"docker://{self.image(name)}"

    def trust(self, authority_folder: Path, prefix: str = "") -> list[str]:
        """Return the options by which skopeo, podman and buildah trust the registry.

        Over HTTPS they are given the authority and nothing else: the certificate is verified.
        ``prefix`` is for ``skopeo copy``: ``src-`` or ``dest-``.
        """
        if self.tls:
            return [f"--{prefix}cert-dir={authority_folder}"]
        return [f"--{prefix}tls-verify=false"]
