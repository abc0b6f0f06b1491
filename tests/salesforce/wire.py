"""An org's address, a planted secret, and a server that breaks the rules of HTTP when told to."""

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

URL = "https://example.my.salesforce.com"
TOKEN = "00D000000000001!PLANTED-SECRET"
SECRET = "PLANTED-SECRET"
DATA = "/services/data/v60.0"
JOB = "7500000000000001AA"


class Bytes:
    """A body that counts how often it is read."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = blocks
        self.begun = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        yield from self.blocks

    def __len__(self) -> int:
        return sum(map(len, self.blocks))


def everything_of(error: BaseException) -> str:
    """Whatever an error shows, or a program that prints all of it would."""
    shown = []
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown += [repr(one), str(one), repr(vars(one)), *traceback.format_exception(one)]
        todo += [one.__cause__, one.__context__]
    return "\n".join(shown)


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A server that sends these bytes for each connection's first request, then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def dripping_server(head: bytes, seconds: float, drip: bytes = b" ") -> Iterator[str]:
    """A server that reads what comes, sends `head`, then `drip` every so many seconds for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while not ended.wait(seconds):
                connection.sendall(drip)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
