"""Run by test_parallel.py in two processes, as a command of the package: do both train one run?

Host 1 has another value at the dotted name that it is given.
"""

from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.runtime import cli, devices, phases
from geoself_jax.train.one_run import check_same

RECORD = {
    "versions": {"geoself_jax": "0.1.0", "jax": "0.10.2"},
    "config": {"seed": 0, "data": {"train": "lab.npz"}},
    "starts": [{"device": "cpu", "distributed": {"process": 0}}],
    "model": {"width": 16},
    "skeleton": {"root": 0},
    "data": {"sha256": "12"},
    "arrays_sha256": {"K": "34"},
}


def main(argv):
    """Joins the hosts and compares."""
    address, process, changed = argv[0], int(argv[1]), argv[2]
    phases.begin("try", "trying", leading=process == 0)
    devices.start(Config(device="cpu", distributed=DistributedConfig(address, 2, process)))
    RECORD["starts"][0]["distributed"]["process"] = process
    if process == 1 and changed:
        *groups, last = changed.split(".")
        inner = RECORD
        for group in groups:
            inner = inner[group] if group != "start" else inner["starts"][0]
        inner[last] = "other"
    check_same(RECORD)
    print("one run")
    return 0


cli.run(main)
