"""docs/extending.md does what it says: its loss and its backbone train, export and lift."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pages import ROOT
from processes import run_python

from geoself_jax.core import losses
from geoself_jax.core.skeleton import H36M_17

PAGE = (ROOT / "docs/extending.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
# Not as a flag: mypy would check all packages again by other rules, and forget what it knew.
NO_ATTRIBUTES = '# mypy: disable-error-code="attr-defined"\n'
SETUP = """
import sys
from pathlib import Path
from geoself_jax.core import losses, model
for module, text in ((losses, LOSS), (model, BACKBONE)):
    exec(compile(text, "docs/extending.md", "exec"), vars(module))
from geoself_jax.runtime import cli
"""


def code_of_page():
    loss, into_objectives, backbone, into_backbones = CODE
    return loss + into_objectives, backbone + into_backbones


def run_extended(verb, *flags):
    """A command of the package as it is with the page's code in it."""
    loss, backbone = code_of_page()
    setup = SETUP.replace("LOSS", repr(loss)).replace("BACKBONE", repr(backbone))
    code = f"{setup}\nsys.argv[0] = 'x'\ncli.run(cli.main_of({verb!r}))"
    return run_python("-c", code, *flags, quick_compile=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_file):
    folder = tmp_path_factory.mktemp("extended") / "run"
    done = run_extended(
        "train",
        f"--config={ROOT}/configs/synthetic.py",
        f"--config.data.train={tiny_file}",
        "--config.objective.name=symmetric",
        "--config.model.backbone=small",
        *("--config.model.width=32", "--config.model.root_width=16"),
        *("--config.schedule.length=40", "--config.schedule.batch=8"),
        f"--workdir={folder}",
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_loss_and_the_backbone_of_the_page_train(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 40
    assert json.loads((run / "run.json").read_text())["model"]["backbone"] == "small"


@pytest.fixture(scope="module")
def export(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("extended") / "export"
    done = run_extended("export", f"--workdir={run}", f"--out={folder}")
    assert done.returncode == 0, done.stderr
    return folder


def test_without_onnx_it_is_exported_and_lifts(export, tmp_path, tiny_file):
    card = (export / "MODEL_CARD.md").read_text()
    assert "networks of backbone small" in card and "objective symmetric" in card
    assert "residual" not in card and "run_safetensors" not in card
    assert (export / "model.stablehlo").is_file()
    flags = (f"--model={export}", f"--keypoints={tiny_file}", "--camera=cam0")
    lifted = run_extended("lift", *flags, f"--out={tmp_path}/{{clip}}.npz")
    assert lifted.returncode == 0, lifted.stderr
    with np.load(tmp_path / "clip0.npz") as poses:
        lifted_joints = [poses[name] for name in poses.files if poses[name].ndim == 3]
    assert lifted_joints and all(np.isfinite(joints).any() for joints in lifted_joints)


def test_onnx_is_refused_in_one_line_and_the_rest_is_written(run, tmp_path):
    pytest.importorskip("onnx")
    done = run_extended("export", f"--workdir={run}", f"--out={tmp_path}/export", "--onnx")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert done.returncode == 69
    assert len(errors) == 1
    assert "backbone 'small' has no ONNX form" in errors[0]
    assert (tmp_path / "export/model.stablehlo").is_file()
    assert not (tmp_path / "export/model.onnx").exists()


def test_without_its_class_the_export_names_what_is_missing(export, tmp_path, tiny_file):
    flags = (f"--model={export}", f"--keypoints={tiny_file}", "--camera=cam0")
    done = run_python("-m", "geoself_jax.lift", *flags, f"--out={tmp_path}/x.npz")
    assert done.returncode == 65
    assert "backbone 'small' - this process has no such class" in done.stderr


@pytest.mark.parametrize("check", ["ruff check", "mypy"])
def test_the_code_of_the_page_passes_the_repositorys_own_checks(check, tmp_path):
    for module, code in zip(("losses", "model"), code_of_page(), strict=True):
        source = (ROOT / f"geoself_jax/core/{module}.py").read_text()
        (tmp_path / f"{module}_extended.py").write_text(f"{NO_ATTRIBUTES}{source}\n\n{code}")
    program = Path(sys.executable).with_name(check.split()[0])
    config = ("--config-file" if check == "mypy" else "--config", str(ROOT / "pyproject.toml"))
    files = [str(path) for path in sorted(tmp_path.glob("*.py"))]
    ignored = ["--ignore=D103,I001,E305"] if "ruff" in check else []
    done = subprocess.run(
        [program, *check.split()[1:], *config, *ignored, *files],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_numpy_alone_refuses_it_in_one_line(export, tmp_path):
    sample = export / "sample.npz"
    command = [sys.executable, ROOT / "examples/run_safetensors.py", export, sample]
    done = subprocess.run([*command, tmp_path / "x.npz"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "backbone 'small' is not residual: use run_stablehlo.py"


@pytest.mark.parametrize(
    ("key", "near"),
    [("objective.name=tranform", "transform"), ("model.backbone=resdual", "residual")],
)
def test_a_misspelt_name_is_refused_with_the_nearest(key, near, tmp_path, tiny_file):
    flags = (f"--config={ROOT}/configs/synthetic.py", f"--config.data.train={tiny_file}")
    done = run_python(
        "-m", "geoself_jax.train", *flags, f"--config.{key}", f"--workdir={tmp_path}/r"
    )
    assert done.returncode == 64
    assert near in done.stderr.splitlines()[-1]
    assert not (tmp_path / "r").exists()


def test_the_symmetry_of_a_pose_worked_by_hand_and_its_gradient():
    scope = dict(vars(losses))
    exec(compile(code_of_page()[0], "docs/extending.md", "exec"), scope)
    loss = scope["bone_symmetry_loss"]
    left, right = H36M_17.left_right[0]
    length = np.ones(17)
    length[left], length[right] = 1.3, 0.9
    pose = np.zeros((17, 3), np.float32)
    for parent, child in H36M_17.bones:
        pose[child] = pose[parent] + (length[child], 0, 0)
    assert float(loss(jnp.asarray(pose), H36M_17)) == pytest.approx(0.4, abs=1e-5)
    mirrored = jnp.asarray(pose[list(H36M_17.mirror)] * (-1, 1, 1), jnp.float32)
    assert float(loss(mirrored, H36M_17)) == pytest.approx(0.4, abs=1e-5)
    assert np.isfinite(jax.grad(loss)(jnp.zeros((17, 3)), H36M_17)).all()
