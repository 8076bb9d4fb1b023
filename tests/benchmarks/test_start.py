import sys

import pytest

from benchmarks import start

BUSY = """
import time
print("devices: 1 x cpu", flush=True)
while time.process_time() < 0.3: pass
print("first step done after 1 s", flush=True)
while time.process_time() < 0.5: pass
"""


@pytest.fixture
def build(tmp_path):
    return start.Build("now", start.HERE, tmp_path)


def test_a_command_is_timed_at_its_lines_and_at_its_end(build):
    marks = start.time_command(build, [sys.executable, "-c", BUSY])
    assert list(marks) == ["devices", "first", "end"]
    cpu = [seconds for seconds, _ in marks.values()]
    assert cpu[0] <= cpu[1] <= cpu[2] and cpu[1] >= 0.25 and cpu[2] >= 0.45
    walls = [wall for _, wall in marks.values()]
    assert walls == sorted(walls)


def test_a_command_that_fails_is_no_measurement(build):
    with pytest.raises(RuntimeError, match="ended with 3:\nno such thing"):
        start.time_command(build, [sys.executable, "-c", "print('no such thing'); exit(3)"])


def test_ratios_are_of_medians(capsys):
    runs = {"before": {"end": [(4.0, 8.0), (6.0, 9.0), (5.0, 30.0)]}, "now": {"end": [(2.5, 3.0)]}}
    start.show("lift", "warm", runs)
    line = capsys.readouterr().out
    assert "5.00 (4.00-6.00) ->   2.50 (2.50-2.50) = 0.50" in line
    assert "9.00 (8.00-30.00) ->   3.00 (3.00-3.00) = 0.33" in line
