"""A detector's file whose joints are named as the model's needs no skeleton."""

import numpy as np
import pandas as pd
import pytest

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.roots import with_centroid
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.video_detections import read_video

NAMES = ("snout", "ear_l", "ear_r", "tail")
FOUND = np.random.default_rng(0).uniform(0.2, 0.9, (6, 4, 3)) * [1200, 700, 1]
CAMERA = View("cam1", np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]), image_size=(1280, 720))


def table(path, names):
    levels = ["scorer", "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["net"], names, ["x", "y", "likelihood"]], names=levels)
    pd.DataFrame(FOUND.reshape(6, -1), columns=columns).to_csv(path)
    return path


def test_named_as_the_models_joints_they_are_taken_in_its_order(tmp_path):
    own = Skeleton(("tail", "ear_r", "snout", "ear_l"), (2, 2, -1, 2), ((3, 1),), 2)
    path = table(tmp_path / "cam1.csv", ("Snout", "ear-l", "ear-r", "tail"))
    video = read_video(path, CAMERA, fps=25, own=own)
    assert video.skeleton == own
    np.testing.assert_allclose(video.keypoints_2d, FOUND[:, [3, 2, 0, 1], :2], rtol=1e-6)
    (tmp_path / "config.yaml").write_text("skeleton: [[Snout, tail], [tail, ear-l]]")
    assert read_video(path, CAMERA, fps=25, own=own).skeleton == own  # not the file's bones


def test_a_centroid_that_the_model_has_and_no_detector_gives_is_derived(tmp_path):
    own = with_centroid(Skeleton(NAMES, (-1, 0, 0, -1), ((1, 2),), 0))
    video = read_video(table(tmp_path / "cam1.csv", NAMES), CAMERA, fps=25, own=own)
    assert video.skeleton == own
    np.testing.assert_allclose(video.keypoints_2d[:, 4], FOUND[..., :2].mean(1), rtol=1e-5)


def test_other_joints_are_refused_with_the_models_names(tmp_path):
    own = Skeleton(NAMES, (-1, 0, 0, 0), ((1, 2),), 0)
    path = table(tmp_path / "cam1.csv", (*NAMES[:3], "rump"))
    with pytest.raises(GeoselfError, match=r"rump - the model's are snout.* tail - .*--skel") as no:
        read_video(path, CAMERA, fps=25, own=own)
    assert no.value.code == DATA and "draft" not in str(no.value)


def test_a_known_detectors_joints_stay_what_they_are(tmp_path):
    names = COCO_17.joint_names
    levels = ["scorer", "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product([["net"], names, ["x", "y", "likelihood"]], names=levels)
    pd.DataFrame(np.full((3, 51), 0.5), columns=columns).to_csv(tmp_path / "cam1.csv")
    other = Skeleton(names, (-1,) * 17, (), 3)
    video = read_video(tmp_path / "cam1.csv", CAMERA, fps=25, own=other)
    assert video.skeleton.joint_names == (*names, "pelvis")
