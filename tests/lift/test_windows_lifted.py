"""Networks of windows, taken elsewhere: what evaluation gives, in every way of lifting."""

import dataclasses
import json

import jaxtyping
import numpy as np
import optax
import pytest

from geoself_jax import load_lifter
from geoself_jax.core import step
from geoself_jax.core.config import ModelConfig, from_dict
from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.model import Networks
from geoself_jax.core.predict import make_predict
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.evaluate.scores import predict_recording
from geoself_jax.export.folder import CARD, PROGRAM, SAMPLE
from geoself_jax.export.write import export
from geoself_jax.lift import exported, lifter
from geoself_jax.lift.cautions import other_rate
from geoself_jax.lift.lift_video import confident, lift_video
from geoself_jax.lift.video_detections import videos_of
from geoself_jax.runtime import checkpoints, workdir
from geoself_jax.runtime.restore import load_trained
from geoself_jax.train.saving import items

FRAMES = 9
TOLERANCE_M = 2e-5  # batches of other sizes
VIEW, CLIP = 2, 3


@pytest.fixture(scope="module", params=["convolutions", "paths"])
def run(request, tiny_run, tmp_path_factory):
    """A run of windows that look at confidences; its weights are random."""
    folder = tmp_path_factory.mktemp("windows") / "run"
    folder.mkdir()
    record = workdir.read_record(tiny_run)
    record["model"] |= {"frames": FRAMES, "temporal": request.param, "confidence": True}
    workdir.write_record(folder, record)
    model = Networks(from_dict(ModelConfig, record["model"]), H36M_17)
    state, facts = step.initial_state(model, optax.sgd(1.0), 0), {"step": 0, "best": None}
    checkpoints.save(folder / "checkpoints/last", 0, items(state), keep=1, facts=facts)
    return folder


@pytest.fixture(scope="module")
def folder(run):
    """Its export, every file of which was read back and compared."""
    jaxtyping.config.update("jaxtyping_disable", True)  # see conftest.tiny_export
    try:
        export(run, run.parent / "lifter")
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    return run.parent / "lifter"


@pytest.fixture(scope="module")
def lift(folder):
    return load_lifter(folder)


@pytest.fixture(scope="module")
def gone(tiny_recording):
    """The recording; in one clip and view nobody is found in some frames."""
    keypoints_2d, confidence = tiny_recording.keypoints_2d.copy(), tiny_recording.confidence.copy()
    at = np.flatnonzero(tiny_recording.clip_id == CLIP)[[5, 6, 20]]
    keypoints_2d[at, VIEW], confidence[at, VIEW] = np.nan, 0
    return dataclasses.replace(tiny_recording, keypoints_2d=keypoints_2d, confidence=confidence)


@pytest.fixture(scope="module")
def wanted(run, gone):
    """Joints in the camera's frame as evaluation lifts them."""
    trained = load_trained(run)
    predict = make_predict(trained.model)
    found = predict_recording(predict, trained.variables, gone, FRAMES)
    return (found.pose_3d + found.root_position[:, :, None])[gone.clip_id == CLIP, VIEW]


@pytest.fixture(scope="module")
def video(gone):
    return videos_of(gone, "tiny", f"cam{VIEW}", f"clip{CLIP}")[0]


def test_a_video_is_lifted_as_evaluation_lifts_it_and_gaps_stay_missing(lift, video, wanted):
    poses = lift_video(lift, video).pose
    there = (video.confidence > 0).any(-1)
    assert (~there).sum() == 3
    np.testing.assert_array_equal(np.isfinite(poses).all((1, 2)), there)
    np.testing.assert_allclose(poses[there], wanted[there], atol=TOLERANCE_M)
    only = lift_video(lift, confident(video, 0)).pose  # frames with nobody dropped before
    np.testing.assert_array_equal(only, poses)


def test_a_sequence_is_lifted_in_chunks_and_ends_where_frames_are_missing(
    lift, video, wanted, monkeypatch
):
    given, done = (video.keypoints_2d, video.confidence, video.view.K), []
    frame_id = video.frame_id + 100 * (np.arange(len(video.frame_id)) >= 15)
    parts = [lift.sequence(*(a[s] for a in given[:2]), given[2]) for s in _halves(15)]
    monkeypatch.setattr(lifter, "_CHUNK", 32)
    whole = lift.sequence(*given, frame_id=frame_id, progress=done.append)
    assert len(done) > 2 and sum(done) == len(frame_id)
    for field in ("pose_3d", "root_position"):
        joined = np.concatenate([getattr(part, field) for part in parts])
        np.testing.assert_allclose(getattr(whole, field), joined, atol=TOLERANCE_M)
    absolute = whole.pose_3d + whole.root_position[:, None]
    apart = np.abs(absolute - wanted).max((1, 2))
    near = np.abs(np.arange(len(apart)) - 14.5) < FRAMES // 2
    assert apart[near].max() > 1e-4 and apart[~near].max() < TOLERANCE_M


def _halves(at):
    return slice(0, at), slice(at, None)


def test_a_stream_gives_the_pose_of_half_a_window_before(lift, video):
    stream = lift.stream(video.view.K)
    assert stream.delay == FRAMES // 2
    frames = zip(video.keypoints_2d, video.confidence, strict=True)
    found = [stream()] * 2 + [stream(*frame) for frame in frames]  # first there is nobody
    found = np.stack([pose + root for pose, root in found])[2:]
    wanted = lift_video(lift, video).pose
    assert np.isnan(found[: stream.delay]).all()
    np.testing.assert_allclose(found[stream.delay :], wanted[: -stream.delay], atol=TOLERANCE_M)


def test_thinned_frames_are_each_lifted_by_themselves(lift, video):
    thin = dataclasses.replace(
        video,
        **{name: getattr(video, name)[::5] for name in ("frame_id", "keypoints_2d", "confidence")},
    )
    poses = lift_video(lift, thin).pose[::5]
    for pixels, seen, pose in zip(thin.keypoints_2d, thin.confidence, poses, strict=True):
        if seen.any():
            window = (np.tile(array, (FRAMES, *[1] * array.ndim)) for array in (pixels, seen))
            alone, root = lift(*window, thin.view.K)
            np.testing.assert_allclose(pose, alone + root, atol=TOLERANCE_M)


def test_the_export_says_what_its_windows_are(folder, lift):
    info = json.loads((folder / exported.DESCRIPTION).read_text())
    assert [array["shape"] for array in info["inputs"]] == [
        ["b", FRAMES, 17, 2],
        ["b", FRAMES, 17],
        ["b", 3, 3],
    ]
    assert f"see {FRAMES} consecutive frames" in info["conventions"]
    card = (folder / CARD).read_text()
    assert f"in {FRAMES} consecutive frames" in card and "detection confidence" in card
    assert "25 a second" in card and "each frame independently" not in card
    with np.load(folder / SAMPLE) as sample:
        assert sample["keypoints_2d"].shape == (37, FRAMES, 17, 2)
        inputs = [sample[name] for name in ("keypoints_2d", "confidence", "K")]
        pose_3d, _ = lift(*inputs)
        np.testing.assert_allclose(pose_3d, sample["pose_3d"], atol=TOLERANCE_M)
    assert info["read_back_mm"][PROGRAM] < 0.01


def test_shapes_of_single_frames_are_refused_with_a_hint(lift):
    jaxtyping.config.update("jaxtyping_disable", True)  # it would refuse them first
    try:
        with pytest.raises(GeoselfError, match=r"lifter\.sequence") as error:
            lift(np.zeros((5, 17, 2)), None, np.eye(3))
        assert error.value.code == DATA
        wrong = [np.arange(4), np.arange(5)[::-1], np.linspace(0, 1, 5), np.zeros(5, int)]
        for frame_id in wrong:
            with pytest.raises(GeoselfError, match="5 whole numbers, ascending"):
                lift.sequence(np.zeros((5, 17, 2)), None, np.eye(3), frame_id=frame_id)
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


def test_another_frame_rate_is_said_and_a_slow_one_warned_of(lift, video):
    assert other_rate(lift, video) == ("", "")
    note, warning = other_rate(lift, dataclasses.replace(video, fps=60.0))
    assert "60 frames per second" in note and "the model's 25" in note and not warning
    note, warning = other_rate(lift, dataclasses.replace(video, fps=12.5))
    assert "12.5 frames per second" in note and "trained at 25 a second" in warning
