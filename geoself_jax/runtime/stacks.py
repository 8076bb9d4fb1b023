"""Where each thread is when a host is stuck: for the log, not for the terminal."""

import contextlib
import faulthandler
import tempfile

from geoself_jax.runtime import messages, run_log


def keep_stacks(why: str) -> str:
    """Writes the stacks of all threads to the run's log and to the command's messages.

    Args:
        why: What they are for.

    Returns:
        Where they are.
    """
    lines = [f"stacks: {why}"]
    with contextlib.suppress(OSError), tempfile.TemporaryFile() as file:  # a full disk: none
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        lines += file.read().decode(errors="replace").splitlines()
    for line in lines:
        run_log.log(line)
    place = messages.add("\n".join(lines) + "\n")
    return run_log.NAME if run_log.is_open() else place
