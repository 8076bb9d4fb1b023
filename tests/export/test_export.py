"""The exported lifter: its files agree with the run's networks, or are refused."""

import json
import re
import shutil
import subprocess
import sys
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import jax
import jaxtyping
import numpy as np
import pytest
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict
from processes import ROOT, environment, run_python

from geoself_jax import load_lifter
from geoself_jax.core import errors
from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.predict import make_predict
from geoself_jax.export import __main__ as command
from geoself_jax.export import compare, description, write
from geoself_jax.export.folder import ALL, CARD, ONNX, PROGRAM, SAMPLE
from geoself_jax.export.write import export
from geoself_jax.lift import exported as export_files
from geoself_jax.lift import lifter
from geoself_jax.runtime.restore import load_trained

TOLERANCE_M = 2e-6  # four float32 steps at 5 m
POSES = 37


@pytest.fixture(scope="module", autouse=True)
def shapes_unchecked():
    """jaxtyping cannot broadcast the free batch size with which an export is traced."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def run(evaluated_run):
    return evaluated_run


@pytest.fixture(scope="module")
def trained(run):
    return load_trained(run)


@pytest.fixture(scope="module")
def exported(tiny_export):
    """The folder, and what the command printed."""
    return tiny_export, (tiny_export.parent / "printed.txt").read_text()


@pytest.fixture
def copy(exported, tmp_path):
    """An export that a test may break."""
    return Path(shutil.copytree(exported[0], tmp_path / "lifter"))


@pytest.fixture(scope="module")
def lift(exported):
    return load_lifter(exported[0])


@pytest.fixture(scope="module")
def inputs(tiny_recording):
    """Detections of the tiny recording, some joints of which are missing."""
    keypoints_2d = tiny_recording.keypoints_2d[:POSES, 1]
    assert np.isnan(keypoints_2d).any()
    K = tiny_recording.cameras_of(slice(POSES)).K[:, 1].astype(np.float32)
    return keypoints_2d, tiny_recording.confidence[:POSES, 1], K


@pytest.fixture(scope="module")
def wanted(trained, inputs):
    """What the run's own networks make of the inputs."""
    said = make_predict(trained.model)(trained.variables, *inputs)
    answer = [np.asarray(array) for array in compare.outputs_of(said)]
    assert all(np.isfinite(array).all() for array in answer)
    return answer


def agree(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE_M)


def refused(code, call, *arguments):
    """The one line of the error that a call ends with."""
    with pytest.raises(GeoselfError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert caught.value.code == code
    assert "\n" not in message
    return message


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def rewrite(folder, change):
    """Changes model.json and updates its digest."""
    path = folder / export_files.DESCRIPTION
    info = json.loads(path.read_text())
    change(info)
    info["sha256"] = export_files.description_sha256(info)
    path.write_text(json.dumps(info))


def test_the_weights_read_back_are_the_networks_bit_for_bit(exported, trained):
    found = safetensors.numpy.load_file(exported[0] / export_files.WEIGHTS)
    wanted = flatten_dict(trained.variables, sep="/")
    assert "params/lifting/stem/linear/kernel" in found and found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


def test_the_lifter_answers_as_the_run_does(lift, inputs, wanted):
    found = lift(*inputs)
    assert [a.dtype for a in found] == [np.float32] * 2
    agree(found, wanted)


def test_one_pose_alone_is_lifted_as_in_a_batch(lift, inputs, wanted):
    for pose in (0, 20):
        found = lift(*(array[pose] for array in inputs))
        assert [a.shape for a in found] == [(17, 3), (3,)]
        agree(found, [array[pose] for array in wanted])


def test_any_leading_shape_is_kept(lift, inputs, wanted):
    shaped = [array[:36].reshape(3, 1, 12, *array.shape[1:]) for array in inputs]
    found = lift(*shaped)
    assert [a.shape for a in found] == [(3, 1, 12, 17, 3), (3, 1, 12, 3)]
    agree([a.reshape(36, *a.shape[3:]) for a in found], [array[:36] for array in wanted])


def test_no_pose_gives_no_pose(lift, inputs):
    found = lift(*(array[:0] for array in inputs))
    assert [a.shape for a in found] == [(0, 17, 3), (0, 3)]


def test_long_inputs_are_lifted_in_chunks(lift, inputs, wanted, monkeypatch):
    monkeypatch.setattr(lifter, "_CHUNK", 16)
    agree(lift(*inputs), wanted)


def test_without_confidence_every_finite_joint_counts(lift, inputs):
    keypoints_2d, _, K = inputs
    ones = np.isfinite(keypoints_2d).all(-1).astype(np.float64)
    agree(lift(keypoints_2d, None, K), lift(keypoints_2d, ones, K))


def test_one_camera_serves_a_whole_batch(lift, inputs):
    keypoints_2d, confidence, K = inputs
    assert K.min(0)[0, 2] == K.max(0)[0, 2]  # one rig in these frames
    agree(lift(keypoints_2d, confidence, K[0].tolist()), lift(*inputs))


def test_a_joint_without_confidence_is_not_looked_at(lift, inputs):
    keypoints_2d, confidence, K = (array.copy() for array in inputs)
    confidence[:, 5] = 0
    before = lift(keypoints_2d, confidence, K)
    keypoints_2d[:, 5] += 300
    agree(lift(keypoints_2d, confidence, K), before)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"keypoints_2d": np.zeros((17, 3))}, "keypoints_2d has shape (17, 3)"),
        ({"keypoints_2d": np.zeros((5, 16, 2))}, "wanted (..., 17, 2)"),
        ({"keypoints_2d": np.zeros(2)}, "keypoints_2d has shape (2,)"),
        ({"keypoints_2d": [[1, 2], [3]]}, "keypoints_2d is no array of numbers"),
        ({"confidence": np.ones((17, 1))}, "confidence has shape (17, 1)"),
        ({"confidence": np.full(17, 6.0)}, "confidence 6 - wanted numbers from 0 to 1"),
        ({"confidence": np.ones((2, 17))}, "wanted (17,)"),
        ({"K": np.eye(4)}, "K has shape (4, 4)"),
        ({"K": np.ones((2, 3, 3))}, "K has shape (2, 3, 3)"),
        ({"K": np.eye(3).T * [[1], [1], [np.nan]]}, "K is [["),
        ({"K": np.array([[900, 0, 0], [0, 900, 0], [500, 500, 1]])}, "fx, fy > 0"),
        ({"K": np.diag([-900.0, 900, 1])}, "fx, fy > 0"),
    ],
)
def test_inputs_that_cannot_be_right_are_refused_in_one_line(lift, change, named):
    inputs = {"keypoints_2d": np.zeros((17, 2)), "confidence": None, "K": np.eye(3), **change}
    assert named in refused(errors.DATA, lift, *inputs.values())


def test_the_description_says_what_the_program_takes_and_gives(exported):
    folder = exported[0]
    info = json.loads((folder / export_files.DESCRIPTION).read_text())
    program = jax.export.deserialize(bytearray((folder / PROGRAM).read_bytes()))
    shapes = [[str(d) if not isinstance(d, int) else d for d in a.shape] for a in program.in_avals]
    assert [array["shape"] for array in info["inputs"]] == shapes
    shapes = [[str(d) if not isinstance(d, int) else d for d in a.shape] for a in program.out_avals]
    assert [array["shape"] for array in info["outputs"]] == shapes
    for name, facts in info["files"].items():
        content = (folder / name).read_bytes()
        assert facts == {"bytes": len(content), "sha256": export_files.sha256(content)}
    assert info["skeleton"]["joint_names"][info["skeleton"]["root"]] == "pelvis"


def test_scores_and_facts_of_the_checkpoint_come_with_it(lift, trained):
    scores = lift.info["scores"]
    assert scores["evaluation"]["mpjpe_mm"] == 321.5
    assert scores["checkpoint"] == {"which": "last", **trained.facts}


def test_scores_of_another_checkpoint_are_left_out_and_said_so(run, trained):
    other = trained._replace(facts={**trained.facts, "step": 99})
    scores, notes = description.read_scores(run, "last", other)
    assert scores["evaluation"] is None and "not 99" in notes[0]


def test_the_command_names_files_sizes_and_differences(exported):
    folder, printed = exported
    *lines, done = printed.splitlines()
    assert lines[0].startswith("exported step")
    assert done.startswith(f"done: {folder}; now: ") and f" --model={folder} " in done
    assert " --camera=cam0 " in done and "/poses_{clip}.npz" in done
    names = [line.split()[0] for line in lines[1:]]
    assert names == [name for name in ALL if name != ONNX or find_spec("onnxruntime")]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["lifter", "printed.txt"]
    differences = [float(line.split("at most ")[1].split()[0]) for line in lines if "most" in line]
    assert len(differences) == len(names) - 4 and max(differences) < 1e3 * TOLERANCE_M


def test_where_a_run_names_no_camera_the_command_to_lift_says_what_to_put_there():
    written = write.Written(1, {}, {}, [], [], "lab.npz", "")
    now = command._then("runs/lab", "runs/lab/export", written)
    assert " --keypoints=lab.npz --camera=CAMERA '--out=runs/lab/poses_{clip}.npz' (CAMERA: " in now
    made_up = written._replace(source="synthetic:train")
    now = command._then("runs/lab", "runs/lab/export", made_up)
    assert " --keypoints=synthetic:test --camera=front_left " in now and "CAMERA" not in now
    for record in ({}, {"recording": None}, {"recording": {"cameras": []}}):
        assert write._camera(record) == ""


def test_nothing_in_the_program_names_this_machines_files(exported):
    program = (exported[0] / PROGRAM).read_bytes()
    assert b".py" not in program and str(ROOT).encode() not in program


@pytest.mark.parametrize("place", [0, 40, 0.5, -1])
def test_a_flipped_bit_in_the_weights_is_refused_by_name(copy, place):
    path = copy / export_files.WEIGHTS
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if isinstance(place, float) else place] ^= 1
    path.write_bytes(content)
    assert str(path) in refused(errors.DATA, load_lifter, copy)


def test_a_number_changed_in_the_description_is_refused(copy):
    path = copy / export_files.DESCRIPTION
    text = path.read_text()
    path.write_text(re.sub(r'"root_depth": \d', '"root_depth": 9', text, count=1))
    assert path.read_text() != text
    assert str(path) in refused(errors.DATA, load_lifter, copy)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "onnx"}', "[" * 100_000, "\xff"])
def test_a_description_that_is_none_is_refused(copy, text):
    (copy / export_files.DESCRIPTION).write_bytes(text.encode("latin-1"))
    assert export_files.DESCRIPTION in refused(errors.DATA, load_lifter, copy)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda info: info["architecture"].update(width=32), "(16,)"),
        (lambda info: info["architecture"].update(blocks=2), "no array"),
        (lambda info: info["architecture"].update(blocks=0), "unknown array"),
        (lambda info: info["architecture"].update(layers=0), "in [1, 8]"),
        (lambda info: info["architecture"].update(input="fisheye"), "fisheye"),
        (lambda info: info["architecture"].update(heads=8), "heads"),
        (lambda info: info["skeleton"].update(root=17), "root 17"),
        (lambda info: info["skeleton"].pop("parents"), "parents"),
        (lambda info: info.pop("files"), "files"),
    ],
)
def test_weights_that_are_not_the_described_networks_are_refused(copy, change, named):
    rewrite(copy, change)
    assert named in refused(errors.DATA, load_lifter, copy)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_name_and_count(copy, bad):
    path = copy / export_files.WEIGHTS
    arrays = safetensors.numpy.load_file(path)
    name = max(arrays, key=lambda name: arrays[name].size)
    arrays[name].reshape(-1)[:3] = bad
    content = safetensors.numpy.save(arrays)
    path.write_bytes(content)
    digest = export_files.sha256(content)
    rewrite(copy, lambda info: info["files"][export_files.WEIGHTS].update(sha256=digest))
    line = refused(errors.DATA, load_lifter, copy)
    assert f"{name}: 3 of {arrays[name].size} numbers are not finite" in line


@pytest.mark.parametrize("kind", ["rubbish", "float64"])
def test_weights_of_another_kind_are_refused_even_with_the_right_digest(copy, kind):
    path = copy / export_files.WEIGHTS
    arrays = safetensors.numpy.load_file(path)
    wide = {name: array.astype(np.float64) for name, array in arrays.items()}
    content = b"rubbish" * 99 if kind == "rubbish" else safetensors.numpy.save(wide)
    path.write_bytes(content)
    rewrite(
        copy,
        lambda info: info["files"][export_files.WEIGHTS].update(
            sha256=export_files.sha256(content)
        ),
    )
    assert str(path) in refused(errors.DATA, load_lifter, copy)


def test_what_is_missing_is_named(copy, tmp_path):
    assert "nowhere" in refused(errors.MISSING, load_lifter, tmp_path / "nowhere")
    for name in (export_files.WEIGHTS, export_files.DESCRIPTION):
        (copy / name).unlink()
        assert name in refused(errors.MISSING, load_lifter, copy)


def test_the_program_is_not_needed_to_load(copy):
    (copy / PROGRAM).unlink()
    assert load_lifter(str(copy)).skeleton.joints == 17


def test_a_foreign_folder_is_refused_and_left_alone(run, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/holiday.jpg").write_bytes(b"jpg")
    (tmp_path / "photos/model.json").write_text('{"format": "somebody else\'s"}')
    before = contents(tmp_path)
    done = run_python(
        "-m", "geoself_jax.export", f"--workdir={run}", f"--out={tmp_path / 'photos'}"
    )
    assert done.returncode == errors.WORKDIR, done.stderr
    begun, line = done.stderr.splitlines()
    assert begun.startswith("exporting ") and line.startswith("error: --out=")
    assert contents(tmp_path) == before


def test_an_export_with_a_foreign_file_is_refused(run, copy):
    (copy / "notes.txt").write_text("mine")
    before = contents(copy)
    assert "notes.txt" in refused(errors.WORKDIR, export, run, copy)
    assert contents(copy) == before


def test_an_edited_card_is_refused_and_kept(run, copy):
    with (copy / CARD).open("a") as card:
        card.write("CC BY 4.0\n")
    before = contents(copy)
    assert CARD in refused(errors.WORKDIR, export, run, copy)
    assert contents(copy) == before


def test_no_file_names_a_folder_of_this_machine(exported, tiny_file):
    assert (
        json.loads(contents(exported[0])[export_files.DESCRIPTION])["data"]["source"]
        == tiny_file.name
    )
    for name, content in contents(exported[0]).items():
        for place in (tiny_file.parent, ROOT):
            assert str(place).encode() not in content, f"{name} names {place}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/home/anna/clinic 7/walk.npz", "walk.npz"),
        (r"C:\Users\anna\walk.npz", "walk.npz"),
        ("synthetic:train", "synthetic:train"),
        ("tfds:geoself_prepared/all#train@/home/anna/tfds", "tfds:geoself_prepared/all#train"),
    ],
)
def test_a_source_is_named_without_its_folders(source, name):
    assert description.without_folder(source) == name


def test_the_sample_holds_the_runs_own_answer(exported, trained):
    with np.load(exported[0] / SAMPLE) as sample:
        found = [sample[name] for name in (*compare.INPUTS, "pose_3d", "root_position")]
        assert "uncertainty" not in sample
    inputs, wanted = found[:3], found[3:]
    assert np.isnan(inputs[0]).any() and len(inputs[0]) == POSES
    agree(compare.outputs_of(make_predict(trained.model)(trained.variables, *inputs)), wanted)


def test_a_file_or_a_run_in_the_place_is_refused(run, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", run):
        refused(errors.WORKDIR, export, run, out)


def test_an_earlier_export_is_replaced(run, copy, monkeypatch):
    monkeypatch.setattr(compare, "differences_mm", lambda *_: {export_files.WEIGHTS: 0.0})
    rewrite(copy, lambda info: info.update(conventions="of old"))
    export(run, copy)
    assert load_lifter(copy).info["conventions"] == description.CONVENTIONS
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize(
    ("name", "difference"),
    [
        (export_files.WEIGHTS, 0.06),
        (PROGRAM, float("nan")),
        (ONNX, 0.011),
    ],
)
def test_a_difference_leaves_everything_as_it_was(run, copy, monkeypatch, name, difference):
    unit = json.loads((run / "run.json").read_text())["model"]["length_unit"]
    monkeypatch.setattr(compare, "differences_mm", lambda *_: {name: unit * difference})
    before = contents(copy)
    for out in (copy, copy.parent / "new"):
        assert name in refused(errors.DIVERGED, export, run, out)
    assert contents(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_weights_a_little_off_are_seen_in_every_file(exported, trained):
    flat = {name: np.array(a) for name, a in flatten_dict(trained.variables, sep="/").items()}
    flat["params/lifting/output/bias"][9] += 1e-4
    other = trained._replace(variables=unflatten_dict(flat, sep="/"))
    found = compare.differences_mm(exported[0], compare.live_cases(other))
    assert {export_files.WEIGHTS, PROGRAM} <= found.keys() <= {export_files.WEIGHTS, PROGRAM, ONNX}
    for difference in found.values():
        assert 0.09 < difference < 0.2


def test_help_does_not_wait_for_jax():
    code = "import sys, geoself_jax.export as _; print(sorted({'jax', 'numpy'} & set(sys.modules)))"
    assert run_python("-c", code).stdout.strip() == "[]"


def test_without_jit_the_lifter_answers_too(lift, inputs, wanted):
    with jax.disable_jit():
        agree(lift(*inputs), wanted)


def test_one_bad_matrix_among_many_is_the_one_that_is_shown(lift, inputs):
    keypoints_2d, confidence, K = inputs
    K = np.array(np.broadcast_to(K, (len(keypoints_2d), 3, 3)))
    K[3, 1, 1] = -7
    with pytest.raises(GeoselfError, match=r"-7\.0"):
        lift(keypoints_2d, confidence, K)


def test_a_description_beyond_its_limit_is_not_read_whole(copy):
    """Nor by the look whether a folder is an earlier export, which comes first."""
    with (copy / export_files.DESCRIPTION).open("r+b") as stream:
        stream.truncate(2**28)
    tracemalloc.start()
    try:
        assert not export_files.is_export(copy)
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()


def test_it_is_computed_on_the_cpu_though_an_accelerator_is_asked_for(run, exported, tmp_path):
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "geoself_jax.export", f"--workdir={run}", f"--out={out}"],
        env=environment() | {"JAX_PLATFORMS": "cuda"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == errors.DONE, done.stderr
    wanted = (exported[0] / export_files.WEIGHTS).read_bytes()
    assert (out / export_files.WEIGHTS).read_bytes() == wanted
