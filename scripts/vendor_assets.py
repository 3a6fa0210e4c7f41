#!/usr/bin/env python3
"""Fetches what the web interface borrows, and puts it under `static/`; for maintainers only.

Needs npm. The results are committed, so nobody else needs npm or a build step:

    scripts/vendor_assets.py

Every package is pinned by version and by the sha512 of its archive. To take a new version, change
both, run this, look at the pages and run the browser tests.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
SPRITE = STATIC / "img" / "icons.svg"

ICONS = """
activity alert-circle alert-triangle api apps archive arrow-left arrow-right ban bell bolt book box
brand-docker bulb calendar certificate check checklist chevron-down chevron-left chevron-right
chevron-up chevrons-left chevrons-right circle-check circle-x clipboard-list clock cloud
cloud-download cloud-off copy cpu database device-desktop device-floppy dots-vertical download edit
external-link eye eye-off file file-code file-search file-unknown filter fingerprint folders
git-branch hash heart-rate-monitor help-circle history home hourglass info-circle key
layers-subtract layout-dashboard list lock lock-open login-2 logout mail menu-2 moon package pencil
photo plug plug-connected plug-connected-x plus recycle refresh rocket route search selector
server-2 settings shield-check shield-lock sort-ascending stack-2 sun tag terminal-2 tool trash
upload user user-circle users world x
""".split()  # noqa: SIM905


@dataclass(frozen=True)
class Package:
    """An npm package and which of its files go where, relative to the project."""

    name: str
    version: str
    sha512: str
    files: dict[str, str]


PACKAGES = [
    Package(
        "bootstrap",
        "5.3.9",
        "20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
        {
            "dist/css/bootstrap.min.css": "static/vendor/bootstrap/bootstrap.min.css",
            "dist/js/bootstrap.bundle.min.js": "static/vendor/bootstrap/bootstrap.bundle.min.js",
            "LICENSE": "static/vendor/bootstrap/LICENSE",
        },
    ),
    Package(
        "htmx.org",
        "4.0.1",
        "oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==",
        {
            "dist/htmx.min.js": "static/vendor/htmx/htmx.min.js",
            "LICENSE": "static/vendor/htmx/LICENSE",
        },
    ),
    Package(
        "@tabler/icons",
        "3.51.0",
        "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
        {"LICENSE": "static/vendor/icons/LICENSE"},
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        {
            "files/inter-latin-wght-normal.woff2": "static/vendor/fonts/inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "static/vendor/fonts/inter-latin-ext.woff2",
            "files/inter-cyrillic-wght-normal.woff2": "static/vendor/fonts/inter-cyrillic.woff2",
            "LICENSE": "static/vendor/fonts/inter-OFL.txt",
        },
    ),
    Package(
        "@fontsource-variable/jetbrains-mono",
        "5.3.0",
        "F32xpS2NsGYoQi2ADSkKTgpJj7ozajsGgDJ8woTnqjmIB+dxDIqImjl4pXZVEExu8UFZ2ndhmX18EBS/hdz3Lw==",
        {
            "files/jetbrains-mono-latin-wght-normal.woff2": (
                "static/vendor/fonts/jetbrains-mono-latin.woff2"
            ),
            "LICENSE": "static/vendor/fonts/jetbrains-mono-OFL.txt",
        },
    ),
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        {"axe.min.js": "tests/vendor/axe.min.js", "LICENSE": "tests/vendor/axe-LICENSE"},
    ),
]


def main() -> None:
    """Fetches, verifies, copies; makes the icon sprite and the compressed copies."""
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            archive = fetch(package, Path(folder))
            with tarfile.open(archive) as files:
                for source, target in package.files.items():
                    place(read(files, source), ROOT / target)
                if package.name == "@tabler/icons":
                    place(sprite(files), SPRITE)
            print(f"{package.name} {package.version}")


def fetch(package: Package, folder: Path) -> Path:
    """The archive of the package. Ends the program when it is not the one that was pinned."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = folder / packed.stdout.split()[-1]
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.sha512:
        raise SystemExit(f"{package.name}@{package.version}: sha512 is {found}, not as pinned")
    return archive


def read(files: tarfile.TarFile, path: str) -> bytes:
    """The bytes of a file of the package."""
    member = files.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"{path} is not a file")
    return member.read()


def place(content: bytes, target: Path) -> None:
    """Writes the file, and beside a served text a compressed copy, which WhiteNoise prefers."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    if STATIC in target.parents and target.suffix in {".css", ".js", ".svg"}:
        compressed = target.with_name(f"{target.name}.gz")
        compressed.write_bytes(gzip.compress(content, 9, mtime=0))


def sprite(files: tarfile.TarFile) -> bytes:
    """One SVG with a symbol for each icon, without the empty frame that the originals draw."""
    symbols = []
    for icon in sorted(ICONS):
        source = read(files, f"icons/outline/{icon}.svg").decode()
        shapes = re.findall(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*/>", source)
        drawn = "".join(shape for shape in shapes if 'stroke="none"' not in shape)
        symbols.append(f'<symbol id="{icon}" viewBox="0 0 24 24">{drawn}</symbol>')
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'.encode()


if __name__ == "__main__":
    main()
