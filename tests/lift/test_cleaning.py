"""What lift corrects over time, by its flags: what is printed, marked and refused."""

import dataclasses
import re
import time

import numpy as np
import pytest
from stepping import ANKLES, FPS, SKELETON, lifted, steps

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.data.poses.floor import Floor
from geoself_jax.data.poses.formats import read_poses
from geoself_jax.data.poses.hampel import Hampel
from geoself_jax.data.poses.sequence import FILLED, MEASURED, PREDICTED, REJECTED
from geoself_jax.data.refinement.pose_sequences import refine_sequences
from geoself_jax.data.sources import load
from geoself_jax.lift import __main__ as lift
from geoself_jax.lift import lift_each as lift_each_module
from geoself_jax.lift.camera_view import View
from geoself_jax.lift.cleaning import LESS_SURE, NONE, Cleaning
from geoself_jax.lift.lift_each import lift_each, same_people
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.lift.video_detections import Video, videos_of

UP = np.array([0.0, 0, 1])


@pytest.fixture(scope="module")
def seen():
    """A video of somebody who steps, and as it was lifted."""
    poses, _ = lifted(steps(120)[0])
    c = poses.camera
    view = View("front", c.K, image_size=c.image_size, R=c.R, center=c.center, world_up=UP)
    video = Video(
        *("walk.json", "walk", "", "anna", FPS, poses.frames, poses.frame_id),
        *(poses.keypoints_2d, poses.confidence, SKELETON, view),
    )
    return video, poses


def raised(camera):
    """The camera 2 m higher, and with it all that is lifted in its axes."""
    return dataclasses.replace(camera, center=camera.center + 2 * UP)


def test_a_rejected_detection_comes_from_those_about_it(seen):
    video, poses = seen
    pixels = video.keypoints_2d.copy()
    pixels[50, 16] += 200
    pixels[0, 16] += 200  # none before it
    found, rejected = Cleaning(outliers=Hampel()).before(
        dataclasses.replace(video, keypoints_2d=pixels)
    )
    assert np.argwhere(rejected).tolist() == [[0, 16], [50, 16]]
    assert np.linalg.norm(found.keypoints_2d[50, 16] - video.keypoints_2d[50, 16]) < 10
    assert found.confidence[50, 16] == LESS_SURE * video.confidence[50, 16]
    assert found.confidence[0, 16] == 0 and np.isnan(found.keypoints_2d[0, 16]).all()
    np.testing.assert_array_equal(found.keypoints_2d[~rejected], pixels[~rejected])
    lines = []
    cleaned = Cleaning(outliers=Hampel()).filled(poses, found, rejected, lines.append)
    assert cleaned.marks[50, 16] == cleaned.marks[0, 16] == REJECTED
    assert (cleaned.marks == MEASURED).sum() == cleaned.marks.size - 2
    assert lines == ["walk.json, clip walk: 2 of 2040 detections rejected as outliers (0.1 %)"]


def test_frames_without_a_detection_are_filled_marked_and_counted(seen):
    video, poses = seen
    kept = np.r_[:60, 64:100, 115:120]
    few = dataclasses.replace(
        video,
        frame_id=kept,
        keypoints_2d=video.keypoints_2d[kept],
        confidence=video.confidence[kept].copy(),
    )
    few.confidence[3, 5] = 0
    pose = np.full_like(poses.pose, np.nan)
    pose[kept] = poses.pose[kept]
    lines = []
    cleaning = Cleaning(fill=5)
    found = cleaning.filled(poses.replace(pose=pose), *cleaning.before(few), lines.append)
    assert (found.marks[60:64] == FILLED).all() and np.isfinite(found.pose[60:64]).all()
    assert np.isnan(found.pose[100:115]).all() and found.marks[3, 5] == PREDICTED
    assert lines == ["walk.json, clip walk: 4 frames filled, 15 still missing"]


def test_the_floor_says_what_it_did_and_what_it_lacks(seen):
    video, poses = seen
    lines = []
    cleaning = Cleaning(floor=Floor())
    cleaning.check(video.view, SKELETON)
    found = cleaning.on_floor(poses, video, lines.append)
    assert found.contact[:, list(ANKLES)].any() and found.marks is None
    assert "floor at 0.00 m along up, of the world; a foot rests in " in lines[0]
    lower = poses.replace(camera=raised(poses.camera))  # feet rest 2 m above the origin
    said: list[str] = []
    cleaning.on_floor(lower, video, said.append)
    assert "by the lifted feet" in said[0] and said[1].startswith("warning: walk.json, clip walk:")
    Cleaning(floor=Floor(by_feet=True)).on_floor(lower, video, said.append)
    assert "by the lifted feet" in said[2] and len(said) == 3
    lacking = {"no extrinsics": {"R": None, "center": None}, "up is unknown": {"world_up": None}}
    for words, changes in lacking.items():
        with pytest.raises(GeoselfError, match=words) as error:
            cleaning.check(dataclasses.replace(video.view, **changes), SKELETON)
        assert error.value.code == USAGE
    NONE.check(View("", poses.camera.K), SKELETON)
    assert NONE.filled(poses, *NONE.before(video), lines.append) is poses
    assert NONE.on_floor(poses, video, lines.append) is poses and len(lines) == 1


def test_the_command_cleans_and_writes_marks(tiny_export, tiny_file, tmp_path, capsys):
    given = [f"--model={tiny_export}", f"--keypoints={tiny_file}", "--camera=cam0", "--clip=clip0"]
    path = tmp_path / "a.npz"
    flags = ["--outliers=hampel:9,3", "--refine", "--floor", "--fill=4"]
    assert lift.main([*given, f"--out={path}", *flags]) == 0
    said = capsys.readouterr().err
    for words in ("detections rejected as outliers", "floor", "frames filled, 0 still missing"):
        assert words in said
    assert read_poses(path).marks.shape == (40, 17)
    assert lift.main([*given, f"--out={tmp_path / 'b.npz'}"]) == 0
    assert read_poses(tmp_path / "b.npz").marks is None
    for flag in ("--outliers=median", "--floor=low", "--fill=-1"):
        with pytest.raises(GeoselfError, match=flag) as error:
            lift.main([*given, f"--out={path}", flag])
        assert error.value.code == USAGE


def test_the_time_of_refining_is_said_apart(tiny_export, tiny_file, tmp_path, capsys, monkeypatch):
    def slowly(*args, **options):
        time.sleep(1.5)
        return refine_sequences(*args, **options)

    monkeypatch.setattr(lift_each_module, "refine_sequences", slowly)
    given = [f"--model={tiny_export}", f"--keypoints={tiny_file}", "--camera=cam0", "--clip=clip0"]
    assert lift.main([*given, f"--out={tmp_path / 'a.npz'}", "--refine"]) == 0
    said = re.search(r"lifting ([\d.]+) s;.* refining ([\d.]+) s, writing", capsys.readouterr().out)
    assert float(said[1]) < 1.0 < 1.5 <= float(said[2])
    assert lift.main([*given, f"--out={tmp_path / 'b.npz'}"]) == 0
    assert ", refining" not in capsys.readouterr().out


def test_refined_poses_are_smoother_and_the_filled_frames_of_both_are_marked(
    tiny_export, tiny_file, tmp_path, capsys
):
    lifter, recording = load_lifter(tiny_export), load(str(tiny_file), synthetic_frames=1)
    video = videos_of(recording, str(tiny_file), recording.camera_names[0])[0]
    kept = np.r_[0:10, 13:30]
    gap = dataclasses.replace(
        video,
        frame_id=video.frame_id[kept],
        keypoints_2d=video.keypoints_2d[kept],
        confidence=video.confidence[kept],
    )
    cleaning = Cleaning(refine=True, fill=2)
    plain = next(lift_each(lifter, [gap], NONE)).poses
    one = next(lift_each(lifter, [gap], cleaning))
    second = [
        np.nanmean(np.linalg.norm(np.diff(p.pose, 2, axis=0), axis=-1)) for p in (plain, one.poses)
    ]
    assert second[1] < 0.7 * second[0]
    lines = []
    marks = cleaning.filled(one.poses, gap, one.rejected, lines.append).marks
    assert (marks[10:13] == FILLED).all() and not (marks[:10] == FILLED).any()
    assert "3 frames without a detection filled by --refine" in lines[0]


def test_videos_of_one_person_share_their_bones_and_others_do_not(seen):
    video, _ = seen
    other = dataclasses.replace(video, subject="ben")
    nobody = dataclasses.replace(video, subject="")
    again = dataclasses.replace(video, clip="again")
    videos = [video, other, again, nobody, nobody]
    assert same_people(videos) == [[0, 2], [1], [3], [4]]
