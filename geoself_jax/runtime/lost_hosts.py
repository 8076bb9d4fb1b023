"""A host of several that is killed, cut off, frozen or stuck ends the others, each with one line.

Who ends with an error says so first, and the others end with the same code. Whoever ends without
a word is found by calls (`probes`), by an exchange that fails, or by jax, which aborts a process
that has lost the first host.
"""

import atexit
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import jax

from geoself_jax.core.errors import INTERRUPTED, UNAVAILABLE, GeoselfError
from geoself_jax.core.unfinished import remove_unfinished
from geoself_jax.runtime import coordination, phases, probes
from geoself_jax.runtime.aborts import on_abort
from geoself_jax.runtime.patience import Patience
from geoself_jax.runtime.probes import Life
from geoself_jax.runtime.stacks import keep_stacks

CALL_EVERY = 5.0
"""Seconds from one call to the next."""
CALLS = 5
"""Calls that nothing answers, in a row, after which a host counts as cut off."""
FIRST_WORD_SECONDS = 1.5
"""A host that ends with an error says so before its connections close."""
_HEAR_SECONDS = 1.0
_CONTINUE = "the same command on every host continues from the last checkpoint"


class HostError(GeoselfError):
    """A fault of another host, which this one's line names."""


patience = Patience()
_places: dict[int, str] = {}
"""HOST:PORT of each other host."""
_word = threading.Lock()
"""Held by the thread that says the one line; never given back."""
_watching = threading.Event()


def watch() -> None:
    """Watches the other hosts from here on; of a command alone, which may be ended.

    All hosts must call it at the same time.
    """
    if not (coordination.is_there() and phases.is_command()):
        return
    with as_errors():
        _places.update(_exchanged())
        _watching.set()
        on_abort(_aborted)
        hearing = threading.Thread(target=_hear, name="hear", daemon=True)
        for thread in (hearing, *(threading.Thread(target=w, daemon=True) for w in _WORK)):
            thread.start()
        atexit.register(_end_hearing, hearing)


def stop_watching() -> None:
    """The run is done: that a host ends is no fault any more. All hosts must have agreed."""
    _watching.clear()


def is_watching() -> bool:
    """Whether this is a command of several hosts, from when they are joined to their end."""
    return _watching.is_set()


@contextlib.contextmanager
def as_errors() -> Iterator[None]:
    """Within, hosts wait for each other; an exchange that fails is a `GeoselfError`.

    Raises:
        GeoselfError: A host is lost (69) or does not answer (75).
    """
    if not coordination.is_there():
        yield
        return
    try:
        with patience.waiting():
            yield
    except jax.errors.JaxRuntimeError as error:
        if str(error).startswith("RESOURCE_EXHAUSTED"):  # of this host's own memory
            raise
        raise failed(error) from error


def failed(error: BaseException) -> HostError:
    """What an exchange's error means, once the one who caused it has had its say.

    Args:
        error: Of a library.
    """
    time.sleep(FIRST_WORD_SECONDS)
    return fault() or HostError(
        "the hosts' exchange", str(error).splitlines()[0][:200], _CONTINUE, UNAVAILABLE
    )


def fault() -> HostError | None:
    """Which hosts are gone or frozen; None where all answer."""
    with ThreadPoolExecutor(16) as pool:
        lives = dict(zip(_places, pool.map(probes.call, _places.values()), strict=True))
    gone = [host for host, life in lives.items() if life in (Life.ENDED, Life.UNREACHABLE)]
    if gone:
        return lost(gone)
    frozen = [host for host, life in lives.items() if life is Life.FROZEN]
    if not frozen:
        return None
    where = keep_stacks("a host does not answer")
    why = "it does not answer, though its machine does: the process is frozen"
    return HostError(_named(frozen), f"{why} (stacks: {where})", _CONTINUE, INTERRUPTED)


def lost(hosts: list[int]) -> HostError:
    """The error of hosts that are gone.

    Args:
        hosts: Their numbers.
    """
    why = "lost: its process has ended, or its machine is cut off"
    return HostError(_named(hosts), why, _CONTINUE, UNAVAILABLE)


def too_late(who: str) -> HostError:
    """The error of hosts that live, and for which this one has waited too long.

    Args:
        who: `host 1`, as far as it is known.
    """
    where = keep_stacks(f"waited for {who}")
    waited = f"waited for {patience.waited:.0f} s"
    wanted = f"at most {patience.limit:.0f} s, see config.distributed.stuck_minutes"
    return HostError(
        f"{who} is stuck", f"{waited}, {wanted} (stacks: {where})", _CONTINUE, INTERRUPTED
    )


def has_word() -> bool:
    """Whether this thread is the first that ends the process, and is to say why."""
    return _word.acquire(blocking=False)


def leave(code: int, line: str, *, known: bool = False) -> None:
    """Ends the process with one line, unless another thread does so already.

    Args:
        code: To exit with.
        line: What the user reads.
        known: Whether the other hosts know it already.
    """
    if not has_word():
        threading.Event().wait()  # for the end
    phases.leave()
    remove_unfinished()
    printing = threading.Thread(target=_print_last, args=(line,), daemon=True)
    printing.start()
    printing.join(2.0)  # where nobody reads what it prints, the process may be stuck for that
    if not known:
        say(code, line)
    os._exit(code)


def _print_last(line: str) -> None:
    """Prints a line; what other threads print from here on is dropped."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        print(f"error: {line}", file=sys.stderr, flush=True)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())


def leave_for_all(code: int, trace: str) -> None:
    """Ends the process for an error that is nobody's but the program's; the others end with it.

    Args:
        code: To exit with.
        trace: Its traceback, for the user.
    """
    if not has_word():
        threading.Event().wait()
    print(trace, file=sys.stderr, flush=True)
    say(code, f"host {jax.process_index()}: {trace.strip().splitlines()[-1]}")
    remove_unfinished()
    os._exit(code)


def leave_at_signal(name: str) -> None:
    """Ends the process, and the other hosts with it, before there was anything to save (75).

    Args:
        name: Of the signal.
    """
    line = f"host {jax.process_index()} - interrupted by {name} before it trained - run it again"
    leave(INTERRUPTED, line)


def say_error(code: int, error: Exception, line: str) -> None:
    """Says to the other hosts what this one ends with: its number, unless the fault is another's.

    Args:
        code: That it ends with.
        error: The error.
        line: What it prints.
    """
    own = "" if isinstance(error, HostError) else f"host {jax.process_index()}: "
    say(code, own + line)


def say(code: int, line: str) -> None:
    """Says to the other hosts that this one ends, and why; waits for a second at most.

    Args:
        code: That it ends with.
        line: What it prints.
    """

    def put() -> None:
        with contextlib.suppress(Exception):  # the first host is gone
            said = {"host": jax.process_index(), "code": code, "line": line}
            coordination.put("left", json.dumps(said))

    putting = threading.Thread(target=put, daemon=True)
    putting.start()
    putting.join(1.0)
    if jax.process_index() == 0:
        time.sleep(0.5)  # they hear it from this process


def _exchanged() -> dict[int, str]:
    """The places of the other hosts; "" of one that cannot be called."""
    here = jax.process_index()
    try:
        place = probes.answer(coordination.coordinator())
    except OSError:
        place = ""
    coordination.put(f"places/{here}", place)
    found = {}
    for host in range(jax.process_count()):
        there = "" if host == here else coordination.wait_for(f"places/{host}", 300.0)
        if there:
            found[host] = there
    return found


def _hear() -> None:
    """Ends the process as soon as another host says that it ends."""
    with contextlib.suppress(Exception):  # the first host is gone, or all is done
        while _watching.is_set():
            heard = coordination.wait_for("left", _HEAR_SECONDS)
            if heard is None:
                continue
            said = json.loads(heard)
            if said["host"] != jax.process_index() and _watching.is_set():
                if said["code"] == INTERRUPTED:
                    keep_stacks(said["line"])
                leave(said["code"], said["line"], known=True)
            return


def _end_hearing(hearing: threading.Thread) -> None:
    """The interpreter must not end while a thread is within jax's client."""
    _watching.clear()
    hearing.join(2 * _HEAR_SECONDS)


def _call() -> None:
    """Calls the other hosts now and then: the first one all, the others the first."""
    silent = dict.fromkeys(_places if jax.process_index() == 0 else {0: ""} & _places.keys(), 0)
    reached: set[int] = set()
    while silent:
        time.sleep(CALL_EVERY)
        for host in list(silent):
            life = probes.call(_places[host])
            silent[host] = silent[host] + 1 if life is Life.UNREACHABLE else 0
            if life in (Life.LIVES, Life.FROZEN):
                reached.add(host)
            if life is Life.ENDED or (host in reached and silent[host] >= CALLS):
                time.sleep(FIRST_WORD_SECONDS)
                if not _watching.is_set():
                    return
                error = lost([host])
                leave(error.code, str(error))
            if host not in reached and silent[host] >= CALLS:
                del silent[host]  # a firewall stands between


def _lose_patience() -> None:
    """Ends the process where its main thread waits too long and cannot say so itself."""
    while _watching.is_set():
        time.sleep(1.0)
        if patience.waited > patience.limit + 2 * FIRST_WORD_SECONDS:
            error = fault() or too_late("a host, or the exchange between them,")
            leave(error.code, str(error))


_WORK = (_call, _lose_patience)


def _aborted() -> bool:
    """Ends a process that jax aborts: says why and ends it, where the reason is another host."""
    if not _watching.is_set():
        return False
    time.sleep(FIRST_WORD_SECONDS)
    error = fault() or _cut_off()
    leave(error.code, str(error))
    return True


def _cut_off() -> HostError:
    """The error of a host that all others answer, and that jax aborts all the same."""
    why = "it broke, though all hosts live: this one was frozen or cut off for a minute or more"
    return HostError("the connection to host 0", why, _CONTINUE, UNAVAILABLE)


def _named(hosts: list[int]) -> str:
    numbers = ", ".join(map(str, hosts))
    return f"host {numbers}" if len(hosts) == 1 else f"hosts {numbers}"
