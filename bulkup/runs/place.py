"""Where a run directory is: on which machine, and which folder of its disk. A copy is elsewhere."""

import hashlib
import os
import struct
import sys
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "linux":
    import fcntl

SYSTEM_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"), Path("/etc/hostid"))
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
LONG = struct.calcsize("l")
GET_GENERATION = 2 << 30 | LONG << 16 | ord("v") << 8 | 1
"""Linux' FS_IOC_GETVERSION (ioctl_fs(2)): tells apart two files that had one inode in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What no copy of a run directory has in common with the original.

    `system` is the operating system's id, hashed, `boot` is another one after each start of the
    machine. `generation` tells apart two folders that had the same `inode` one after the other,
    as a folder and the backup of it that is put back. What the system does not tell is empty.
    """

    system: str
    boot: str
    device: str
    inode: str
    generation: str


def place_of(folder: Path) -> Place:
    """Where this folder is now."""
    status = folder.stat()
    return Place(
        system=_system_id(),
        boot=_first_line(BOOT_ID_FILE),
        device=str(status.st_dev),
        inode=str(status.st_ino),
        generation=_generation(folder, status),
    )


def is_same_place(then: Place, now: Place) -> bool:
    """Whether a folder is the very one that it was, moved and renamed at most.

    The number of a device may change when the machine starts again, so it counts until then.
    """
    same_device = then.device == now.device or not then.boot or then.boot != now.boot
    return same_device and (then.system, then.inode, then.generation) == (
        now.system,
        now.inode,
        now.generation,
    )


def _system_id() -> str:
    """The operating system's id; hashed, as machine-id(5) asks for."""
    known = _windows_id() or next(filter(None, map(_first_line, SYSTEM_ID_FILES)), "") or _mac_id()
    return hashlib.sha256(f"bulkup {known}".encode()).hexdigest()[:32] if known else ""


def _first_line(path: Path) -> str:
    with suppress(OSError, ValueError):
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    return ""


def _windows_id() -> str:
    if sys.platform == "win32":  # pragma: no cover -- another system
        import winreg  # noqa: PLC0415 -- there is none elsewhere

        with (
            suppress(OSError),
            winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE,
                r"SOFTWARE\Microsoft\Cryptography",
                access=winreg.KEY_READ | winreg.KEY_WOW64_64KEY,
            ) as key,
        ):
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    return ""


def _mac_id() -> str:
    """The address of a network card, on a Mac, whose own id only a program of its tells."""
    if sys.platform == "darwin":  # pragma: no cover -- another system
        node = uuid.getnode()
        is_random = node >> 40 & 1
        return "" if is_random else str(node)
    return ""


def _generation(folder: Path, status: os.stat_result) -> str:
    if sys.platform == "linux":
        with suppress(OSError):  # not each file system knows
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                answer = fcntl.ioctl(descriptor, GET_GENERATION, bytes(LONG))
            finally:
                os.close(descriptor)
            return str(int.from_bytes(answer[:4], sys.byteorder))
    created = status.st_ctime if os.name == "nt" else getattr(status, "st_birthtime", "")
    return str(created)
