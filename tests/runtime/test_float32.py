"""Another package's 64-bit mode, as aniposelib's triangulate switches it on, changes nothing."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from processes import ROOT, environment

from geoself_jax import load_lifter
from geoself_jax.core.float32 import in_float32
from geoself_jax.evaluate import report
from geoself_jax.lift import __main__ as lift
from geoself_jax.runtime.restore import load_trained


@pytest.fixture
def in_64_bits():
    """As another package leaves a process."""
    jax.config.update("jax_enable_x64", True)
    yield
    assert jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)


def lifted(export, recording):
    """What a lifter makes of one camera, of its frames at once and of the first alone."""
    lifter, K = load_lifter(export), recording.camera.K[0, 0]
    seen = recording.keypoints_2d[:, 0], recording.confidence[:, 0]
    found = [*lifter(*seen, K), *lifter.stream(K)(seen[0][0], seen[1][0])]
    return [*found, *(x for x in lifter.sequence(*seen, K) if x is not None)]


def scores(run, recording):
    return report.evaluate(load_trained(run), recording, "tiny")[0]


@pytest.fixture(scope="module")
def in_32_bits(tiny_run, tiny_export, tiny_recording):
    """Scores and poses as they are without such a package."""
    return scores(tiny_run, tiny_recording), lifted(tiny_export, tiny_recording)


def test_lifting_and_scoring_are_the_same_bit_for_bit(
    in_32_bits, in_64_bits, tiny_run, tiny_export, tiny_recording
):
    assert scores(tiny_run, tiny_recording) == in_32_bits[0]
    for found, wanted in zip(lifted(tiny_export, tiny_recording), in_32_bits[1], strict=True):
        assert found.dtype == np.float32 and np.array_equal(found, wanted, equal_nan=True)


def test_the_mode_is_off_within_and_on_again_after_an_error(in_64_bits):
    @in_float32
    def types(fail):
        if fail:
            raise ValueError("wrong")
        return jax.numpy.arange(3).dtype, jax.jit(lambda: jax.numpy.ones(3))().dtype

    assert types(False) == (np.int32, np.float32)
    with pytest.raises(ValueError, match="wrong"):
        types(True)
    assert jax.numpy.ones(3).dtype == np.float64


def test_a_command_is_in_32_bits_whatever_the_environment_says(tiny_export, tiny_file, tmp_path):
    arguments = [f"--model={tiny_export}", f"--keypoints={tiny_file}", "--camera=cam0", "--quiet"]
    lift.main([*arguments, f"--out={tmp_path}/a_{{clip}}.csv"])
    subprocess.run(
        [sys.executable, "-m", "geoself_jax.lift", *arguments, "--out=b_{clip}.csv"],
        env=environment() | {"JAX_ENABLE_X64": "1"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    files = {name: sorted(tmp_path.glob(f"{name}_*.csv")) for name in "ab"}
    assert len(files["a"]) == 6
    for one, other in zip(files["a"], files["b"], strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_measurements_are_in_32_bits_too():
    code = "import benchmarks, jax; print(jax.config.jax_enable_x64)"
    env = os.environ | {"JAX_ENABLE_X64": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
