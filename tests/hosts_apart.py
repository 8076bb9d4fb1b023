"""Run by test_lost_hosts.py in two processes, as a command of the package: they agree for ever.

Host 1 agrees for the first time once it can read a line.
"""

import sys

from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import cli, devices, hosts, phases


def main(argv):
    """Joins the hosts and agrees; host 1 says so after the first time."""
    address, process = argv[0], int(argv[1])
    phases.begin("try", "trying", leading=process == 0)
    devices.start(Config(device="cpu", distributed=DistributedConfig(address, 2, process)))
    print("joined", flush=True)
    if process == 1:
        sys.stdin.readline()
    agreed = 0
    while not hosts.any_host(False):
        agreed += 1
        if agreed == 1:
            print("agreed", flush=True)
    return 0


cli.run(main)
