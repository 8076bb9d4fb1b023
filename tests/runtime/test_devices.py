import json
from pathlib import Path

from processes import run_python

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
