"""The page's own files, read once, named by a hash of them all and served as never changing.

The hash stands in the folder (`/assets/3f9a1c2b77d0/app.js`), not in each name, so that the scripts
import one another by plain relative names and no step builds anything. A file under another hash is
answered with the one we have, to be kept by nobody: a page of the release before, still open during
an upgrade, goes on working.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

import msgspec

__all__ = ["Asset", "Assets", "assets"]

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    media_type: str
    plain: bytes
    gzipped: bytes


class Assets(msgspec.Struct, frozen=True):
    """All of them, by name, and the hash that stands in their address."""

    digest: str
    files: dict[str, Asset]

    def url(self, name: str) -> str:
        """The address of a file. Raises: KeyError for one that is not there (a broken template)."""
        if name not in self.files:
            raise KeyError(name)
        return f"/assets/{self.digest}/{name}"


@cache
def assets() -> Assets:
    """The files of this installation."""
    files = {path.name: path for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return Assets(digest.hexdigest()[:12], {name: _asset(path) for name, path in files.items()})


def _asset(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(_TYPES[path.suffix], plain, gzip.compress(plain, 9, mtime=0))
