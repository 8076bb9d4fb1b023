"""Whether another host's process lives, is frozen or has ended, as its machine's network says.

Each host listens at a port of its own and answers any caller with one byte. A process that was
killed has no port any more; of one that is frozen the machine still takes the call.
"""

import contextlib
import enum
import socket
import threading
import time

ANSWER = b"!"
CALL_SECONDS = 3.0
_REST_SECONDS = 0.1
"""After a call that could not be taken: the next try may fail as quickly."""
_BACKLOG = 2048
"""Calls that the machine of a frozen process takes for it."""


class Life(enum.Enum):
    """What a call found."""

    LIVES = "lives"
    FROZEN = "frozen"
    """Its machine took the call, and the process does not answer."""
    ENDED = "ended"
    """Its machine says that nobody listens."""
    UNREACHABLE = "unreachable"
    """Nothing came back: the machine is gone, or a firewall stands between."""


def answer(towards: str) -> str:
    """Answers callers from here on, in a thread; returns the HOST:PORT to call.

    Args:
        towards: HOST:PORT of the first host: it listens at the one address that leads there.

    Raises:
        OSError: No address leads there.
    """
    server = socket.create_server((_address(towards), 0), backlog=_BACKLOG)
    threading.Thread(target=_answer, args=(server,), name="answer", daemon=True).start()
    host, port = server.getsockname()[:2]
    return f"{host}:{port}"


def call(place: str) -> Life:
    """Calls a host and waits some seconds for its answer.

    Args:
        place: Its HOST:PORT.
    """
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=CALL_SECONDS) as line:
            return Life.LIVES if line.recv(1) == ANSWER else Life.ENDED
    except ConnectionError:
        return Life.ENDED
    except TimeoutError:
        return _silent(host, int(port))
    except OSError:
        return Life.UNREACHABLE


def _silent(host: str, port: int) -> Life:
    """A host that did not answer: whether its machine takes a call at all."""
    try:
        socket.create_connection((host, port), timeout=CALL_SECONDS).close()
    except ConnectionError:
        return Life.ENDED
    except OSError:
        return Life.UNREACHABLE
    return Life.FROZEN


def _answer(server: socket.socket) -> None:
    while server.fileno() >= 0:
        try:
            line, _ = server.accept()
        except OSError:  # the caller has gone, or no more files may be open here just now
            time.sleep(_REST_SECONDS)
            continue
        with contextlib.suppress(OSError), line:  # the caller has gone
            line.settimeout(CALL_SECONDS)
            line.sendall(ANSWER)


def _address(towards: str) -> str:
    """The machine's address on the way to another; nothing is sent."""
    host, _, port = towards.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((host, int(port)))
        return str(way.getsockname()[0])
