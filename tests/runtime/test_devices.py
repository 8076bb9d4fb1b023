import json
from pathlib import Path

import jax
import pytest
from processes import run_python

from geoself_jax.core.errors import UNAVAILABLE, GeoselfError
from geoself_jax.runtime import devices

SCRIPT = Path(__file__).parents[1].joinpath("device_gradients.py")


def test_any_number_of_devices_gives_one_devices_gradient_by_jit_and_by_pmap(tiny_file):
    """Dropout included: what is dropped depends on a sample's number, not on where it is."""
    done = run_python(str(SCRIPT), str(tiny_file), devices=8, quick_compile=True, timeout=500)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    ways = [("jit", 2), ("jit", 4), ("jit", 8), ("pmap", 8)]
    assert [(row["parallel"], row["devices"]) for row in rows] == [*ways, ("pmap", 2)]
    for row in rows:
        assert row["largest_gradient"] > 0 and row["statistics_moved"] > 1e-3, row
        assert row["gradient_off"] < 1e-10, row
        assert row["statistics_off"] < 1e-10, row


def test_hosts_that_nobody_joined_are_refused(monkeypatch):
    """As a TPU pod's with coordinator=none: jax counts them, and has nothing to agree by."""
    devices.require("auto")
    monkeypatch.setattr(jax, "process_count", lambda: 4)
    with pytest.raises(GeoselfError, match="JAX sees 4 - they were not joined") as refused:
        devices.require("auto")
    assert refused.value.code == UNAVAILABLE and "coordinator=cluster" in str(refused.value)
