"""Files that only their owner may read."""

import json
import os
import secrets
from pathlib import Path


def write_private(path: Path, data: dict[str, object]) -> None:
    """Write JSON with mode 0600, atomically."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    # O_EXCL: a link or file of that name that somebody else put there is not followed.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file)
    temporary.replace(path)


def create_private(path: Path) -> None:
    """Create an empty file with mode 0600; one that exists keeps its content."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
