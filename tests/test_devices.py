import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("device_gradients.py")


def test_two_and_four_devices_give_one_devices_gradient_and_batch_statistics(tiny_file):
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tiny_file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    assert [row["devices"] for row in rows] == [2, 4, 2, 4]
    for row in rows:
        assert row["largest_gradient"] > 0 and row["statistics_moved"] > 1e-3, row
        assert row["gradient_off"] < 1e-5, row
        assert row["statistics_off"] < 1e-5, row
