import json
from pathlib import Path

from processes import run_python

SCRIPT = Path(__file__).with_name("device_gradients.py")


def test_two_and_four_devices_give_one_devices_gradient_and_batch_statistics(tiny_file):
    done = run_python(str(SCRIPT), str(tiny_file), devices=4, timeout=400)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    assert [row["devices"] for row in rows] == [2, 4, 2, 4]
    for row in rows:
        assert row["largest_gradient"] > 0 and row["statistics_moved"] > 1e-3, row
        assert row["gradient_off"] < 1e-10, row
        assert row["statistics_off"] < 1e-10, row
