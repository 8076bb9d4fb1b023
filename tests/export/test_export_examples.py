"""Each example lifts as the run does, in a process that cannot import this package."""

import importlib.util
import json
import re
import shutil

import jax
import numpy as np
import pytest
from processes import ROOT, run_python

from geoself_jax.core.predict import make_predict
from geoself_jax.export.folder import PROGRAM as FILE
from geoself_jax.export.folder import SAMPLE
from geoself_jax.export.stablehlo import OLDEST_JAX
from geoself_jax.lift.exported import DESCRIPTION
from geoself_jax.runtime.restore import load_trained

TOLERANCE_M = 2e-6  # four float32 steps at 5 m
OURS = ["geoself_jax", "flax", "optax", "orbax"]
BLOCKED = {
    "run_safetensors": [*OURS, "jax", "jaxlib", "onnxruntime"],
    "run_stablehlo": [*OURS, "safetensors", "onnxruntime"],
    "run_onnx": [*OURS, "jax", "jaxlib", "safetensors", "onnx"],
}
PROGRAM = """
import json, runpy, sys
blocked, script, *calls = map(json.loads, sys.argv[1:])
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
for name in blocked:
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(name + " could be imported")
for sys.argv[1:] in calls:
    runpy.run_path(script, run_name="__main__")
"""


@pytest.fixture(scope="module")
def detections(tiny_recording, tmp_path_factory):
    """The tiny recording's, some joints of which are missing, as files: one pose, and 37."""
    folder = tmp_path_factory.mktemp("detections")
    keypoints_2d = tiny_recording.keypoints_2d[:37, 1].astype(np.float32)
    assert np.isnan(keypoints_2d).any()
    confidence = tiny_recording.confidence[:37, 1]
    K = tiny_recording.cameras_of(slice(37)).K[:, 1]  # float64, as calibrations are
    one = int(np.isnan(keypoints_2d).any((1, 2)).argmax())  # a pose with a joint missing
    inputs = {"keypoints_2d": keypoints_2d, "confidence": confidence, "K": K}
    np.savez(folder / "37.npz", **inputs)
    np.savez(folder / "1.npz", **{k: v[one : one + 1] for k, v in inputs.items()} | {"K": K[one]})
    return folder, one


@pytest.mark.parametrize("name", BLOCKED)
def test_an_example_lifts_as_the_run_does(name, tiny_export, evaluated_run, detections, tmp_path):
    if importlib.util.find_spec("onnxruntime") is None and name == "run_onnx":
        pytest.skip("onnxruntime is not installed")
    folder, one = detections
    files = [*(folder / f"{batch}.npz" for batch in (1, 37)), tiny_export / SAMPLE]
    calls = [[str(tiny_export), str(f), str(tmp_path / f.name)] for f in files]
    arguments = [json.dumps(x) for x in (BLOCKED[name], str(ROOT / f"examples/{name}.py"), *calls)]
    done = run_python("-I", "-c", PROGRAM, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    trained = load_trained(evaluated_run)
    with np.load(folder / "37.npz") as given:
        inputs = [given[key].astype(np.float32) for key in ("keypoints_2d", "confidence", "K")]
    wanted = make_predict(trained.model)(trained.variables, *inputs)[:2]
    for batch, at in (("37", slice(None)), ("1", slice(one, one + 1))):
        with np.load(tmp_path / f"{batch}.npz") as found:
            for key, array in zip(("pose_3d", "root_position"), wanted, strict=True):
                np.testing.assert_allclose(found[key], array[at], rtol=0, atol=TOLERANCE_M)
    # The sample's answer is the run's own: the example says how far it is off.
    off = re.findall(r"largest difference .*: (\S+) mm", done.stdout)
    assert len(off) == 1 and float(off[0]) < 1e3 * TOLERANCE_M


def test_a_program_of_a_jax_that_this_one_cannot_read_is_refused_with_those_that_can(
    tiny_export, tmp_path
):
    folder = shutil.copytree(tiny_export, tmp_path / "export")
    content = (folder / FILE).read_bytes()
    begin = b"ML\xefR"  # of MLIR's bytecode; its version follows
    at = content.index(begin) + len(begin)
    (folder / FILE).write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    given = (str(folder), str(folder / SAMPLE), str(tmp_path / "poses.npz"))
    done = run_python(str(ROOT / "examples/run_stablehlo.py"), *given)
    made_by = json.loads((folder / DESCRIPTION).read_text())["versions"]["export"]["jax"]
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == (
        f"{folder / FILE}: not read by jax {jax.__version__} - needs {OLDEST_JAX} or newer, up "
        f"to those of six months after {made_by} - pip install jax=={made_by}, or export again "
        "with this one"
    )
