"""Run by test_lost_hosts.py in two processes, as a command of the package: they agree for ever.

Host 1 agrees for the first time once it can read a line; one with a name ends it as that says.
"""

import os
import signal
import sys

from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import cli, devices, hosts, phases


def interrupted():
    """By Ctrl-C, where a library has set Python's own handler again."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(os.getpid(), signal.SIGINT)


def without_a_module():
    """As where one host's environment lacks what is imported late."""
    import no_such_module  # noqa: F401


def without_a_part():
    """As of an installation that is not whole."""
    import geoself_jax.no_such_part  # noqa: F401


ENDS = {
    "": lambda: None,
    "interrupted": interrupted,
    "module": without_a_module,
    "part": without_a_part,
}


def main(argv):
    """Joins the hosts and agrees; host 1 says so after the first time."""
    address, process = argv[0], int(argv[1])
    phases.begin("try", "trying", leading=process == 0)
    devices.start(Config(device="cpu", distributed=DistributedConfig(address, 2, process)))
    print("joined", flush=True)
    if process == 1:
        ENDS[sys.stdin.readline().strip()]()
    agreed = 0
    while not hosts.any_host(False):
        agreed += 1
        if agreed == 1:
            print("agreed", flush=True)
    return 0


cli.run(main)
