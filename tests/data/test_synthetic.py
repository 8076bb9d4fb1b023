"""The built-in data: bodies, motions, rigs and the modelled detector."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from scipy.stats import spearmanr

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.synthetic import actions, anatomy, camera_ring, detector, generate

FPS = 50.0
TIMES = np.arange(150) / FPS
RIGHT_LEG, LEFT_LEG = (1, 2, 3), (4, 5, 6)
LEFT_ARM, RIGHT_ARM = (11, 12, 13), (14, 15, 16)


@pytest.fixture(scope="module")
def train():
    return generate("train", 3000, seed=3)


@pytest.fixture(scope="module")
def clips():
    """Three performances (body, joints) of every action."""
    out = {}
    for k, name in enumerate(actions.ACTIONS):
        out[name] = []
        for r in range(3):
            rng = np.random.default_rng([k, r])
            person = anatomy.draw_body(rng)
            out[name].append((person, actions.perform(name, rng, TIMES, person)))
    return out


@pytest.fixture(scope="module")
def detections(clips):
    """Detections of one performance of every action, with what was done to them."""
    out = []
    for k, performances in enumerate(clips.values()):
        rng = np.random.default_rng([9, k])
        out.append(detector.detect(rng, performances[0][1], camera_ring.draw_rig(rng), FPS))
    return {name: np.concatenate([d[name] for d in out]) for name in out[0]}


def flexion(joints, chain):
    upper, lower = (joints[:, b] - joints[:, a] for a, b in pairwise(chain))
    cosine = (upper * lower).sum(-1) / np.linalg.norm(upper, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine / np.linalg.norm(lower, axis=-1), -1, 1)))


def forward_of(joints):
    """Where the pelvis faces: left x up."""
    ahead = np.cross(joints[:, 4] - joints[:, 1], joints[:, 7] - joints[:, 0])
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


def test_the_same_seed_gives_the_same_arrays_and_another_seed_does_not():
    first, again, other = (generate("test", 120, seed=s) for s in (5, 5, 6))
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.allclose(first["pose_world"], other["pose_world"])


def test_no_global_random_state_is_read_or_changed():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    generate("test", 60)
    assert np.array_equal(before, np.random.get_state()[1])


def test_arrays_have_the_shapes_and_types_of_the_format(train):
    T = 3000
    assert train["format"] == "geoself-multiview/1"
    assert tuple(train["joint_names"]) == H36M_17.joint_names
    for name, shape, kind in (
        ("keypoints_2d", (T, 4, 17, 2), np.float32),
        ("confidence", (T, 4, 17), np.float16),
        ("pose_world", (T, 17, 3), np.float32),
        ("occluded", (T, 4, 17), np.uint8),
        ("clip_id", (T,), np.int32),
        ("frame_id", (T,), np.int32),
        ("subject_id", (T,), np.int32),
        ("rig_id", (T,), np.int32),
        ("K", (12, 4, 3, 3), np.float64),
        ("dist", (12, 4, 5), np.float64),
        ("R", (12, 4, 3, 3), np.float64),
        ("center", (12, 4, 3), np.float64),
        ("image_size", (12, 4, 2), np.int32),
    ):
        assert train[name].shape == shape and train[name].dtype == kind, name
    assert not any(a.dtype.hasobject for a in train.values())
    assert all(np.isfinite(a).all() for a in train.values() if a.dtype.kind == "f")


def test_frames_of_a_clip_are_together_and_in_order(train):
    same = np.diff(train["clip_id"]) == 0
    assert (np.diff(train["clip_id"]) >= 0).all()
    assert (np.diff(train["frame_id"])[same] > 0).all()
    assert train["clip_id"].max() + 1 == len(train["clip_names"]) == len(train["clip_actions"])


def test_at_least_fifteen_actions_are_in_each_split_in_about_equal_share(train):
    counts = {a: 0 for a in train["clip_actions"]}
    for clip, frames in enumerate(np.bincount(train["clip_id"])):
        counts[train["clip_actions"][clip]] += frames
    assert len(counts) == len(actions.ACTIONS) >= 15
    assert max(counts.values()) <= 3 * min(counts.values())
    assert set(generate("test", 1400)["clip_actions"]) == set(counts)


def test_subjects_of_train_and_test_are_different_people(train):
    test = generate("test", 1400, seed=3)
    assert not set(train["subject_names"]) & set(test["subject_names"])

    def thighs(arrays):
        lengths = np.linalg.norm(arrays["pose_world"][:, 2] - arrays["pose_world"][:, 1], axis=-1)
        return [lengths[arrays["subject_id"] == s].mean() for s in np.unique(arrays["subject_id"])]

    apart = np.abs(np.subtract.outer(thighs(train), thighs(test)))
    assert apart.min() > 1e-5
    assert np.abs(train["center"][:, None] - test["center"][None]).min() > 0


def test_statures_lie_between_150_and_195_centimetres_and_parts_add_up():
    for seed in range(200):
        person = anatomy.draw_body(np.random.default_rng(seed))
        assert 1.50 <= person.stature <= 1.95
        height = sum(getattr(person, part) for part in anatomy.VERTICAL)
        assert height == pytest.approx(person.stature)


def test_limbs_keep_their_lengths_in_every_clip(clips):
    for performances in clips.values():
        for person, joints in performances:
            for parent, child in H36M_17.bones:
                lengths = np.linalg.norm(joints[:, child] - joints[:, parent], axis=-1)
                assert np.ptp(lengths) < 1e-6
            thigh = np.linalg.norm(joints[0, 2] - joints[0, 1])
            assert thigh == pytest.approx(person.thigh, abs=1e-6)


def test_knees_and_elbows_stay_within_their_range(clips):
    for name, performances in clips.items():
        for _, joints in performances:
            for leg in (LEFT_LEG, RIGHT_LEG):
                assert flexion(joints, leg).min() > 3.0 and flexion(joints, leg).max() < 153, name
            for arm in (LEFT_ARM, RIGHT_ARM):
                assert flexion(joints, arm).min() > 4.0 and flexion(joints, arm).max() < 149, name


@pytest.mark.parametrize("name", ["walking", "running", "squatting", "sitting_down", "kicking"])
def test_knees_bend_forward(clips, name):
    for _, joints in clips[name]:
        for hip, knee, ankle in (LEFT_LEG, RIGHT_LEG):
            thigh, shin = joints[:, knee] - joints[:, hip], joints[:, ankle] - joints[:, knee]
            axis = np.cross(joints[:, 4] - joints[:, 1], thigh)  # from the thigh to its back
            assert ((axis * shin).sum(-1) > -1e-3).all()


def test_elbows_of_hanging_arms_point_backward(clips):
    hanging = 0
    for name in ("walking", "waving", "greeting", "turning"):
        for person, joints in clips[name]:
            chest = np.cross(joints[:, 11] - joints[:, 14], joints[:, 8] - joints[:, 7])
            for shoulder, elbow, wrist in (LEFT_ARM, RIGHT_ARM):
                down = joints[:, shoulder, 2] - joints[:, wrist, 2] > 0.9 * person.arm
                middle = 0.5 * (joints[:, shoulder] + joints[:, wrist])
                hanging += down.sum()
                assert (((joints[:, elbow] - middle) * chest).sum(-1)[down] < 0.0).all()
    assert hanging > 100


def test_joints_move_smoothly_and_at_human_speed(clips):
    for name, performances in clips.items():
        for _, joints in performances:
            speed = np.diff(joints, axis=0) * FPS
            jump = np.linalg.norm(np.diff(speed, axis=0), axis=-1)
            assert np.linalg.norm(speed, axis=-1).max() < 13.0, name
            assert jump.max() < 10.0, name  # m/s from one frame to the next
            assert np.percentile(jump, 95) < 1.5, name


def test_motion_is_the_same_curve_at_a_higher_frame_rate():
    """A corner in time would show: halving the step must halve the change of velocity."""
    fine = np.arange(0, 3, 1 / 400)
    for name in ("walking", "sitting", "phoning", "bending"):
        rng = np.random.default_rng(4)
        person = anatomy.draw_body(rng)
        joints = actions.perform(name, rng, fine, person)
        change = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1) * 400
        assert change.max() < 1.5, name


def test_nobody_sinks_into_the_floor_or_floats(clips):
    for name, performances in clips.items():
        for _, joints in performances:
            lowest = joints[..., 2].min(1)
            assert lowest.min() > 0.0, name
            assert np.percentile(lowest, 25) < 0.20, name


def test_standing_feet_do_not_slide(clips):
    for name in ("boxing", "bending", "greeting", "sitting_down", "reaching"):
        for _, joints in clips[name]:
            assert np.ptp(joints[:, [3, 6], :2], axis=0).max() < 0.02, name


def test_people_stay_in_the_room(train):
    assert np.linalg.norm(train["pose_world"][:, 0, :2], axis=-1).max() < 1.6


def test_noiseless_projection_is_that_of_opencv(clips):
    joints = clips["posing"][0][1][::25]
    cameras = camera_ring.draw_rig(np.random.default_rng(1))
    pixels = camera_ring.project(camera_ring.to_cameras(joints, cameras), cameras)
    for view in range(4):
        rotation = cv2.Rodrigues(cameras.R[view])[0]
        shift = -cameras.R[view] @ cameras.center[view]
        want = cv2.projectPoints(
            joints.reshape(-1, 3), rotation, shift, cameras.K[view], cameras.dist[view]
        )[0]
        np.testing.assert_allclose(pixels[:, view].reshape(-1, 2), want[:, 0], atol=1e-6)


def test_rigs_are_like_those_of_the_laboratory():
    for seed in range(30):
        cameras = camera_ring.draw_rig(np.random.default_rng(seed))
        np.testing.assert_allclose(
            cameras.R @ cameras.R.swapaxes(-1, -2),
            np.broadcast_to(np.eye(3), (4, 3, 3)),
            atol=1e-12,
        )
        np.testing.assert_allclose(np.linalg.det(cameras.R), 1.0)
        assert (cameras.R[:, 1, 2] < -0.9).all()  # y down in the image
        away = np.linalg.norm(cameras.center[:, :2], axis=-1)
        assert away.min() > 3.9 and away.max() < 6.1
        assert cameras.center[:, 2].min() >= 1.4 and cameras.center[:, 2].max() <= 1.75


def test_visible_keypoints_agree_with_the_truth_through_the_arrays_alone(train):
    errors = []
    for frame in range(0, 3000, 40):
        r = train["rig_id"][frame]
        for view in range(4):
            R = train["R"][r, view]
            want = cv2.projectPoints(
                train["pose_world"][frame].astype(np.float64),
                cv2.Rodrigues(R)[0],
                -R @ train["center"][r, view],
                train["K"][r, view],
                train["dist"][r, view],
            )[0][:, 0]
            depth = (train["pose_world"][frame] - train["center"][r, view]) @ R[2]
            assert (depth > 1.0).all()
            seen = train["occluded"][frame, view] == 0
            errors.append(np.linalg.norm(train["keypoints_2d"][frame, view] - want, axis=-1)[seen])
    assert 3.0 < np.median(np.concatenate(errors)) < 6.0


def test_detector_errs_as_much_as_the_real_one_and_as_often(detections):
    error = np.linalg.norm(detections["keypoints_2d"] - detections["exact"], axis=-1)
    hidden = detections["occluded"] > 0
    assert 3.8 < np.median(error) < 5.6
    assert 5.5 < error.mean() < 9.0
    assert error[hidden].mean() > 2.0 * error[~hidden].mean()
    assert 0.10 < hidden.mean() < 0.22
    assert 0.004 < detections["swapped"].mean() < 0.014
    assert 0.005 < detections["outlier"].mean() < 0.012


def test_confidence_is_a_share_that_falls_with_the_error_but_knows_no_swaps(detections):
    error = np.linalg.norm(detections["keypoints_2d"] - detections["exact"], axis=-1)
    confidence = detections["confidence"].astype(float)
    assert confidence.min() >= 0.0 and confidence.max() <= 1.0
    assert -0.68 < spearmanr(confidence.ravel(), error.ravel())[0] < -0.42
    seen = (detections["occluded"] == 0) & ~detections["outlier"]
    swapped = seen & detections["swapped"]
    assert abs(confidence[swapped].mean() - confidence[seen].mean()) < 0.08


def test_noise_is_correlated_in_time(detections):
    clip = slice(0, len(TIMES))
    error = (detections["keypoints_2d"] - detections["exact"])[clip]
    calm = (detections["occluded"][clip] == 0) & ~detections["outlier"][clip]
    calm &= ~detections["swapped"][clip]
    both = calm[1:] & calm[:-1]
    now, before = error[1:][both].ravel(), error[:-1][both].ravel()
    assert 0.3 < np.corrcoef(now, before)[0, 1] < 0.6


def test_series_of_noise_have_unit_variance_and_the_wanted_memory():
    x = detector.correlated(np.random.default_rng(0), (500, 400), 0.9)
    np.testing.assert_allclose(x.var(1).mean(), 1.0, atol=0.03)
    np.testing.assert_allclose((x[1:] * x[:-1]).mean(), 0.9, atol=0.03)


def test_a_joint_behind_the_body_is_hidden_and_one_before_it_is_not(clips):
    joints = clips["walking"][0][1][:1].copy()
    ahead = forward_of(joints)[0]
    middle = 0.5 * (joints[0, 7] + joints[0, 8])
    joints[0, 13], joints[0, 16] = middle + 0.35 * ahead, middle - 0.35 * ahead
    # A camera 5 m in front, looking back at the body.
    center = middle + 5.0 * ahead
    R = camera_ring.look_at(center[None], middle[None], np.zeros(1))[0]
    hidden = detector.hidden_joints(((joints - center) @ R.T)[:, None])
    assert hidden[0, 0, 16] and not hidden[0, 0, 13]


def test_frames_with_joints_outside_an_image_are_marked(clips):
    joints = clips["walking"][0][1]
    gone = joints + [[[2.5, 2.5, 0.0]]] * (np.arange(len(joints)) >= 100)[:, None, None]
    cameras = camera_ring.draw_rig(np.random.default_rng(0))
    inside = detector.detect(np.random.default_rng(0), gone, cameras, FPS)["inside"]
    assert inside[:100].all() and not inside[100:].any()


def test_runs_cover_the_wanted_share():
    covered = detector.runs(np.random.default_rng(0), np.full((2000, 50), 0.02), 5.0)
    assert 0.017 < covered.mean() < 0.022


def test_an_unknown_split_is_named_with_the_nearest_one():
    with pytest.raises(GeoselfError, match="did you mean 'train'"):
        generate("trian", 10)
