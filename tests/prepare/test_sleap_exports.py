"""A session of sleap-anipose: a folder a view with an analysis and its project, by sleap-io."""

import numpy as np
import pytest
from calibration_files import known_rig, write_anipose
from seeing import Notices

from geoself_jax.core.skeleton import H36M_17
from geoself_jax.prepare.clip import ReadOptions
from geoself_jax.prepare.own_rig import read_own_rig
from geoself_jax.prepare.rig_options import RigOptions
from geoself_jax.prepare.sleap_exports import without_projects

sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed")

VIEWS = ("back", "side")
FRAMES = 5


def pixels(view):
    return known_rig(VIEWS).pixels(view).reshape(-1, 17, 2)[:FRAMES]


def write_view(folder, view):
    """What SLEAP and its exporter leave in a view's folder, called otherwise than the view."""
    folder.mkdir(parents=True)
    skeleton = sio.Skeleton(list(H36M_17.joint_names))
    shape = {"shape": (FRAMES, 1002, 1000, 3)}
    video = sio.Video(filename="video.mp4", open_backend=False, backend_metadata=shape)
    frames = [
        sio.LabeledFrame(
            video=video,
            frame_idx=number,
            instances=[
                sio.PredictedInstance.from_numpy(
                    place, skeleton=skeleton, point_scores=np.full(17, 0.9), score=0.9
                )
            ],
        )
        for number, place in enumerate(pixels(view))
    ]
    labels = sio.Labels(frames, videos=[video], skeletons=[skeleton])
    labels.save(folder / "labels.v001.slp")
    sio.save_analysis_h5(labels, folder / "labels.v001.000_video.analysis.h5")


def test_a_session_is_one_recording_of_its_analyses(tmp_path):
    session = tmp_path / "mouse1"
    for view, name in enumerate(VIEWS):
        write_view(session / name, view)
        (session / name / "calibration_images").mkdir()
    write_anipose(known_rig(VIEWS), session / "calibration.toml", 0.001)
    (session / "board.toml").write_text("board_x = 8\nboard_y = 11\nsquare_length = 24.0\n")
    notices = Notices()
    own = RigOptions(unit="mm", fps=50.0, skeleton=H36M_17)
    (clip,) = read_own_rig([session], own, ReadOptions(notice=notices)).clips
    assert clip.subject == "mouse1" and clip.rig.camera_names == VIEWS
    for view in range(len(VIEWS)):
        np.testing.assert_allclose(clip.keypoints_2d[:, view], pixels(view), atol=1e-3)
    assert notices.about("SLEAP's *analysis.h5 taken; left, of the same videos: labels.v001.slp")


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["a.slp", "b.slp"], []),  # nothing was exported
        (["a.slp", "a.analysis.h5"], ["a.slp"]),
        (["a.slp", "a.000_video.analysis.h5", "b.slp"], ["a.slp"]),  # b has no other file
        (["a.slp", "ab.analysis.h5"], []),
        (["view/x.predictions.slp", "view/y.analysis.h5"], ["x.predictions.slp"]),
        (["view/x.slp", "view/1.analysis.h5", "view/2.analysis.h5"], []),
        (["all.slp", "v1/1.analysis.h5", "v2/2.analysis.h5"], ["all.slp"]),
        (["v1/1.analysis.h5", "v2/2.slp"], []),  # the second view was not exported
    ],
)
def test_projects_are_left_for_their_analyses_alone(tmp_path, names, left):
    found, said = [tmp_path / name for name in names], []
    kept = without_projects(tmp_path, found, said.append)
    assert [path.name for path in found if path not in kept] == left
    assert [each in kept for each in found if each.suffix == ".h5"].count(False) == 0
    assert len(said) == bool(left) and all(name in said[0] for name in left)
