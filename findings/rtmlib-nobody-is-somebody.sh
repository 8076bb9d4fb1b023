#!/usr/bin/env bash
# One would guess that rtmlib's pose models find nobody where its detector of people found none.
# RTMPose.__call__(image, bboxes) takes the whole image for one person then: Body and BodyWithFeet
# give joints for an empty room. Further: model_input_size is (width, height) for RTMPose and
# (height, width) for YOLOX, and loading a model prints to standard output. Whoever uses them asks
# the detector first, and leaves the image out if there is no box.
# rtmlib 0.0.16, seen on 2026-11-30.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 \
    opencv-python-headless==5.0.0.93 numpy==2.4.6 tqdm==4.70.1
venv/bin/pip install -qq --disable-pip-version-check --no-deps rtmlib==0.0.16

venv/bin/python - <<'PY'
import contextlib
import io
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from rtmlib import RTMPose

# A model of RTMPose's outputs that answers the same whatever it is shown: 17 joints, half sure.
scores = {"simcc_x": np.zeros((1, 17, 96), np.float32), "simcc_y": np.zeros((1, 17, 128), np.float32)}
for array in scores.values():
    array[..., 20] = 0.5
zero = helper.make_node("ReduceMin", ["image"], ["low"], keepdims=0)
nodes = [zero, helper.make_node("Sub", ["low", "low"], ["nil"])]
nodes += [helper.make_node("Add", [f"{name}_", "nil"], [name]) for name in scores]
graph = helper.make_graph(
    nodes,
    "same",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 48])],
    [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in scores.items()],
    [numpy_helper.from_array(array, f"{name}_") for name, array in scores.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
open("same.onnx", "wb").write(model.SerializeToString())

printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    pose = RTMPose("same.onnx", model_input_size=(48, 64), backend="onnxruntime")
nobody = np.zeros((0, 4))
joints, found = pose(np.zeros((96, 72, 3), np.uint8), bboxes=nobody)
print("boxes: 0; people:", len(joints), "with scores", float(found.min()), "to", float(found.max()))
print("printed on loading:", printed.getvalue().strip())
same = joints.shape == (1, 17, 2) and found.min() > 0.3 and "load same.onnx" in printed.getvalue()
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
