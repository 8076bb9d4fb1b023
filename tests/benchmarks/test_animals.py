"""The made-up quadruped, its detector and its files; LiftPose3D's network written again."""

import jax
import numpy as np
import pytest

from benchmarks.animals import detector, liftpose3d, motion, recording, rig
from benchmarks.animals.body import JOINTS, LEFT_RIGHT, PARENTS, draw_animal, skeleton_toml
from benchmarks.animals.liftpose3d import Views
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.skeleton_files import read_skeleton_toml
from geoself_jax.data.synthetic.camera_ring import to_cameras
from geoself_jax.prepare.calibrations import read_calibration
from geoself_jax.prepare.detections import read_detections

LENGTH = 0.085
ROOT = JOINTS.index("tail_base")
SKELETON = Skeleton(
    JOINTS,
    tuple(JOINTS.index(PARENTS[name]) if name in PARENTS else -1 for name in JOINTS),
    tuple((JOINTS.index(a), JOINTS.index(b)) for a, b in LEFT_RIGHT),
    ROOT,
)


@pytest.fixture(scope="module")
def animal():
    return draw_animal(np.random.default_rng(0), LENGTH)


@pytest.fixture(scope="module")
def pose(animal):
    return motion.poses(np.random.default_rng(1), animal, 3000)


@pytest.fixture(scope="module")
def cameras():
    return rig.draw_rig(np.random.default_rng(2), LENGTH)


@pytest.fixture(scope="module")
def seen(pose, cameras, animal):
    return detector.detect(np.random.default_rng(3), pose, cameras, animal.length)


def of(pose, name):
    return pose[:, JOINTS.index(name)]


def test_bones_keep_their_lengths_and_both_sides_have_the_same(pose, animal):
    length = {
        joint: np.linalg.norm(of(pose, joint) - of(pose, parent), axis=-1)
        for joint, parent in PARENTS.items()
    }
    for joint, lengths in length.items():
        np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9, err_msg=joint)
    for left, right in LEFT_RIGHT:
        assert length[left][0] == pytest.approx(length[right][0], rel=1e-9)
    spine = sum(length[joint][0] for joint in ("back", "neck", "nose"))
    assert spine == pytest.approx(animal.length, rel=1e-9)


def test_it_walks_on_the_floor_pauses_turns_and_rears(pose, animal):
    paws = np.stack([of(pose, name) for name in JOINTS if name.endswith("_paw")], 1)
    assert paws[..., 2].min() > -0.02 * animal.length
    moved = np.linalg.norm(np.diff(of(pose, "left_hind_paw"), axis=0), axis=-1)
    assert 0.4 < (moved < 1e-4 * animal.length).mean() < 0.95  # a paw that stands does not slide
    speed = np.linalg.norm(np.diff(of(pose, "tail_base")[:, :2], axis=0), axis=-1)
    speed *= motion.FPS / animal.length
    assert (speed < 0.3).mean() > 0.15 and np.percentile(speed, 95) > 1
    ahead = of(pose, "back") - of(pose, "tail_base")
    assert np.ptp(np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))) > np.pi
    height = of(pose, "neck")[:, 2] / animal.length
    assert height.max() > 0.75 and np.median(height) < 0.5


def test_it_is_before_all_cameras_and_in_their_images(pose, cameras, animal, seen):
    depth = to_cameras(pose, cameras)[..., 2] / animal.length
    assert depth.min() > 1.5 and depth.max() < 8
    inside = (seen.exact >= 0) & (seen.exact <= cameras.image_size[:, None] - 1)
    assert inside.all(-1).mean() > 0.99


def test_detections_err_as_declared(seen):
    error = seen.keypoints_2d - seen.exact
    good = ~(seen.hidden | seen.outlier)
    spread = np.array([error[:, :, j][good[:, :, j]].std() for j in range(len(JOINTS))])
    assert np.sqrt((detector.noise_px() ** 2).mean()) == pytest.approx(detector.NOISE_PX)
    np.testing.assert_allclose(spread, detector.noise_px(), rtol=0.05)
    both = good[1:] & good[:-1]
    scaled = error / detector.noise_px()[:, None]
    memory = (scaled[1:] * scaled[:-1])[both].mean() / (scaled[:-1] ** 2)[both].mean()
    assert memory == pytest.approx(detector.MEMORY, abs=0.03)
    assert seen.outlier.mean() == pytest.approx(detector.OUTLIERS, rel=0.15)
    assert 0.05 < seen.hidden.mean() < 0.4
    likelihood = seen.likelihood
    assert np.median(likelihood[good]) > 0.9 and np.median(likelihood[seen.hidden]) < 0.6


def test_sizes_differ_by_nothing_else():
    one, other = (list(recording.clips(size, 20, 4)[1]) for size in ("mouse", "dog"))
    for a, b in zip(one, other, strict=True):
        scale = b.animal.length / a.animal.length
        np.testing.assert_allclose(scale * a.pose_world, b.pose_world, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(a.seen.keypoints_2d, b.seen.keypoints_2d, atol=1e-3)


def test_the_files_are_read_as_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "TRAIN", {"animal1": 1.0})
    folder = tmp_path / "animals"
    assert "layout" in recording.write(folder, "mouse", 8, 5, None)
    skeleton = read_skeleton_toml(folder / "skeleton.toml")
    assert skeleton == SKELETON and (folder / "skeleton.toml").read_text() == skeleton_toml()
    cameras, trials = recording.clips("mouse", 8, 5)
    read = read_calibration(folder / "calibration.toml", unit="mm", up="z")
    np.testing.assert_allclose(read.center, cameras.center, atol=1e-9)
    np.testing.assert_allclose(read.R, cameras.R, atol=1e-9)
    for clip in trials:
        (table,) = (folder / clip.path).glob("camC*")
        found = read_detections(table, skeleton=skeleton)
        np.testing.assert_allclose(found.keypoints_2d, clip.seen.keypoints_2d[:, 2], atol=1e-4)
        np.testing.assert_allclose(found.confidence, clip.seen.likelihood[:, 2], atol=1e-5)


@pytest.fixture(scope="module")
def views(pose, cameras, seen):
    camera = to_cameras(pose, cameras).swapaxes(0, 1).astype(np.float32)
    count = len(pose)
    return Views(
        seen.keypoints_2d.swapaxes(0, 1).astype(np.float32),
        camera,
        np.repeat(cameras.K[:, None], count, 1).astype(np.float32),
        np.repeat(cameras.R[:, None, :, 2], count, 1).astype(np.float32),
    )


def test_liftpose3d_standardizes_and_undoes_it(views):
    scale = liftpose3d.scale_of(views, ROOT)
    assert scale.mean_2d.shape == (2 * 19,) and scale.std_3d.shape == (3 * 19,)
    targets = np.asarray(liftpose3d.targets_of(views.pose_camera, scale, ROOT))
    np.testing.assert_allclose(targets.mean((0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(targets.std((0, 1)), 1, atol=1e-3)
    back = np.asarray(liftpose3d.poses_of(targets, scale, ROOT))
    relative = views.pose_camera - views.pose_camera[:, :, ROOT, None]
    np.testing.assert_allclose(back, relative, atol=1e-6)
    missing = views.keypoints_2d.copy()
    missing[0, 0, 3] = np.nan
    inputs = np.asarray(liftpose3d.inputs_of(missing, scale, ROOT))
    assert np.isfinite(inputs).all() and (inputs[0, 0, 6:8] == 0).all()


def test_liftpose3d_has_the_layers_of_its_description():
    model = liftpose3d.Lifter(outputs=57)
    shapes = jax.eval_shape(
        lambda key: model.init(key, np.zeros((2, 38), np.float32), train=False), jax.random.key(0)
    )
    kernels = [x.shape for x in jax.tree.leaves(shapes["params"]) if x.ndim == 2]
    assert sorted(kernels) == sorted([(38, 1024), *[(1024, 1024)] * 4, (1024, 57)])
    assert len(jax.tree.leaves(shapes["batch_stats"])) == 2 * 5


def test_augmented_views_are_projections_of_their_own_poses(views, cameras):
    one = Views(*(x[1, :64] for x in views))
    lengths = liftpose3d.bone_lengths(views.pose_camera[1], SKELETON)
    assert lengths[0][ROOT] == 0 and lengths[1].max() < 1e-6  # one animal, rigid bones
    new = liftpose3d.augmented(jax.random.key(0), one, lengths, SKELETON, 0.0)
    seen = np.einsum("bij,bpj->bpi", one.K, np.asarray(new.pose_camera))
    np.testing.assert_allclose(new.keypoints_2d, seen[..., :2] / seen[..., 2:], atol=1e-2)
    np.testing.assert_allclose(new.pose_camera[:, ROOT], one.pose_camera[:, ROOT], atol=1e-6)
    kept = [liftpose3d.bone_lengths(np.asarray(new.pose_camera), SKELETON)[n] for n in (0, 1)]
    np.testing.assert_allclose(kept[0], lengths[0], atol=1e-5)
    assert kept[1].max() < 1e-5
    apart = np.asarray(new.pose_camera - one.pose_camera)
    assert np.linalg.norm(apart, axis=-1).max() > 0.1 * LENGTH


def test_a_network_a_camera_learns_its_own_poses(views):
    few = Views(*(x[:2, :200] for x in views))
    relative = few.pose_camera - few.pose_camera[:, :, ROOT, None]
    error = []
    for steps in (100, 400):
        options = {"batch": 32, "seed": 0, "width": 64, "said": lambda line: None}
        lift = liftpose3d.train(few, SKELETON, steps=steps, **options)
        lifted = lift(few.keypoints_2d)
        assert lifted.shape == relative.shape
        error.append(np.linalg.norm(lifted - relative, axis=-1).mean() / LENGTH)
    assert error[1] < 0.7 * error[0] and error[1] < 0.15
