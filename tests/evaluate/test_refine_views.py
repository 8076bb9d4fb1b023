"""evaluate --refine: what lift --refine does, scored."""

import dataclasses
import json

import numpy as np
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.core.predict import make_predict
from geoself_jax.data.sources import load
from geoself_jax.evaluate.__main__ import main
from geoself_jax.evaluate.refine_views import refine_views
from geoself_jax.evaluate.scores import predict_recording
from geoself_jax.lift.cleaning import Cleaning
from geoself_jax.lift.exported import load_exported
from geoself_jax.lift.lift_each import lift_each
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.lift.video_detections import videos_of


def test_views_are_refined_as_lift_does(tiny_export, tiny_file):
    recording = load(str(tiny_file), synthetic_frames=1)
    trained = load_exported(tiny_export)
    predicted = predict_recording(make_predict(trained.model), trained.variables, recording)
    refined = refine_views(predicted, recording)
    assert not np.allclose(refined.pose_3d, predicted.pose_3d, atol=1e-3)
    view = 1
    videos = videos_of(recording, "tiny", recording.camera_names[view])
    for one in lift_each(load_lifter(tiny_export), videos, Cleaning(refine=True)):
        clip = recording.clip_id == recording.clip_names.index(one.video.clip)
        at = one.poses.pose[recording.frame_id[clip]]
        there = np.isfinite(at).all((1, 2))
        mine = refined.pose_3d[clip, view] + refined.root_position[clip, view][:, None]
        assert there.any()
        np.testing.assert_allclose(mine[there], at[there], atol=2e-3)


def test_the_command_refines_and_says_so(tiny_export, tiny_file, tmp_path, capsys):
    found = {}
    for name, flags in {"plain": [], "refined": ["--refine"]}.items():
        path = tmp_path / f"{name}.json"
        given = [f"--model={tiny_export}", f"--data={tiny_file}", f"--json={path}"]
        assert main([*given, *flags]) == 0
        found[name] = json.loads(path.read_text())
        assert ("refined over time" in capsys.readouterr().out) == bool(flags)
    assert found["refined"]["refine"] and not found["plain"]["refine"]
    assert found["refined"]["bones_mm"] < found["plain"]["bones_mm"]


def still(recording):
    """A prediction that is the ground truth of some frames in a row, in the first camera's axes."""
    camera = recording.cameras_of(slice(None))
    joints = recording.pose_world[:, None] - camera.center[:, :, None]
    joints = np.einsum("fvij,fvkj->fvki", camera.R, joints).astype(np.float32)
    root = joints[:, :, recording.skeleton.root]
    return Prediction(joints - root[:, :, None], root)


def test_frames_in_any_order_are_refined_in_their_own_and_twice_the_same_is_refused(tiny_recording):
    few = tiny_recording.select(np.arange(30))
    wanted = refine_views(still(few), few)
    order = np.random.default_rng(0).permutation(30)
    mixed = few.select(order)
    found = refine_views(still(mixed), mixed)
    np.testing.assert_allclose(found.pose_3d, wanted.pose_3d[order], atol=1e-5)
    numbers = few.frame_id.copy()
    numbers[3] = 4
    twice = dataclasses.replace(few, frame_id=numbers)
    with pytest.raises(GeoselfError, match="clip clip0: frame 4 is there 2 times") as refused:
        refine_views(still(twice), twice)
    assert refused.value.code == DATA
