"""Loaded by every Python that the tests start: no connection leaves this machine."""

import ipaddress
import sys

LOCAL_NAMES = {"localhost", "", None}
NAMING = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"}


def is_loopback(host: object) -> bool:
    """Whether a host name or address is this machine and no other."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def forbid(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: it can't be taken away again, so no test can get around it."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not is_loopback(address[0]):
            raise RuntimeError(f"a test tried to reach {address[0]}: only loopback is allowed")
    elif event in NAMING and not is_loopback(arguments[0]):
        raise OSError(-2, f"a test asked for the address of {arguments[0]!r}: only loopback")


sys.addaudithook(forbid)
