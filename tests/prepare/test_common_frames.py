"""Unequal files: a dropped frame is refused where a file lists every frame, and only there."""

import dataclasses
import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from detection_files import (
    alphapose,
    coco,
    deeplabcut,
    deeplabcut_csv,
    mmpose,
    openpose,
    sleap,
    sleap_csv,
)
from detection_files import people as two_people
from scenes import instances, motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.data import recording
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.choose_person import choose_person
from geoself_jax.prepare.common_clock import common_clock
from geoself_jax.prepare.common_frames import common_frames
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.lab_files import write_pose2sim

FRAMES, LEAVES, DROPPED = 30, 22, 3
RIG = tiny_rig()


def person(joints=17, frames=FRAMES):
    """(1, frames, J, 3): one of the two people, who is there all the time."""
    found = two_people(joints, frames)[:1]
    found[found == 0] = 0.5
    return found


def openpose_without_empty(path, found):
    """AlphaPose's folder of separate images."""
    path.mkdir()
    for f in np.flatnonzero(found[0].any((1, 2))):
        joints = np.concatenate([found[0, f], found[0, f, 5:7].mean(0, keepdims=True)])
        order = [0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
        one = {"pose_keypoints_2d": joints[order].ravel().tolist()}
        content = {"version": "AlphaPose v0.3", "people": [one]}
        (path / f"{f}.json").write_text(json.dumps(content))


def yolo_text(path, found):
    path.mkdir()
    for f in np.flatnonzero(found[0].any((1, 2))):
        joints = found[0, f] / [2500, 2500, 1]
        low, high = joints[:, :2].min(0), joints[:, :2].max(0)
        line = [0, *(low + high) / 2, *(high - low), *joints.ravel()]
        (path / f"v_{f}.txt").write_text(" ".join(f"{n:.6f}" if n else "0" for n in line) + "\n")


def yolo_json(path, found):
    frames = [
        [{"class": 0, "keypoints": dict(zip(("x", "y", "visible"), row.T.tolist(), strict=True))}]
        if row.any() else []
        for row in found[0]
    ]  # fmt: skip
    path.write_text(json.dumps(frames))


def coco_labels(path, found):
    """Ground truth whose images are all frames of the video."""
    images = [{"id": 100 + f, "file_name": f"{f:04d}.png"} for f in range(found.shape[1])]
    labels = [
        {"image_id": 100 + int(f), "category_id": 1,
         "keypoints": np.c_[found[0, f, :, :2], np.full(17, 2)].ravel().tolist()}
        for f in np.flatnonzero(found[0].any((1, 2)))
    ]  # fmt: skip
    path.write_text(json.dumps({"images": images, "annotations": labels}))


def of_33(found):
    """(frames, 33, 4) x, y, z, visibility; NaN where nobody is."""
    rows = np.repeat(found[0], 2, 1)[:, :33]
    rows = np.concatenate([rows[..., :2], rows[..., :1] * 0, rows[..., 2:]], -1)
    return np.where(found[0].any((1, 2))[:, None, None], rows, np.nan)


def mediapipe_npy(path, found):
    np.save(path, of_33(found))


def mediapipe_wide(path, found, number=False):
    """A line a frame, empty where nobody is; with the frames' numbers none of these."""
    columns = [f"{axis}{i}" for i in range(33) for axis in ("x", "y", "z", "v")]
    lines = [",".join(["frame"] * number + columns)]
    for f, row in enumerate(of_33(found)):
        cells = [] if np.isnan(row).all() else [str(f)] * number + [str(n) for n in row.ravel()]
        lines += [",".join(cells)] if cells or not number else []
    path.write_text("\n".join(lines) + "\n")


def mediapipe_numbered(path, found):
    mediapipe_wide(path, found, number=True)


def mediapipe_long(path, found):
    rows = of_33(found)
    there = np.flatnonzero(np.isfinite(rows).all((1, 2)))
    table = [[f, i, *rows[f, i]] for f in there for i in range(33)]
    pd.DataFrame(table, columns=["frame", "landmark", "x", "y", "z", "visibility"]).to_csv(
        path, index=False
    )


def mediapipe_json(path, found, number=False):
    axes = ("x", "y", "z", "visibility")
    frames = []
    for f, row in enumerate(of_33(found)):
        one = [dict(zip(axes, point, strict=True)) for point in row.tolist()]
        there = [] if np.isnan(row).all() else [one]
        frames.append({"pose_landmarks": there, **({"frame": f} if number else {})})
    path.write_text(json.dumps([f for f in frames if f["pose_landmarks"] or not number]))


def mediapipe_json_numbered(path, found):
    mediapipe_json(path, found, number=True)


def padded(writer):
    """A writer of two people, the second of whom is never there."""
    return lambda path, found: writer(path, np.concatenate([found, found * 0]))


WITH_PEOPLE = {
    "alphapose.json": padded(alphapose),
    "coco.json": padded(coco),
    "sleap.csv": padded(sleap_csv),
    "separate": openpose_without_empty,
    "yolo": yolo_text,
    "long.csv": mediapipe_long,
    "numbered.csv": mediapipe_numbered,
    "numbered.json": mediapipe_json_numbered,
}
EVERY = {
    "openpose": padded(openpose),
    "mmpose.json": padded(mmpose),
    "deeplabcut.h5": padded(deeplabcut),
    "deeplabcut.csv": padded(deeplabcut_csv),
    "labels.json": coco_labels,
    "yolo.json": yolo_json,
    "landmarks.npy": mediapipe_npy,
    "lines.csv": mediapipe_wide,
    "results.json": mediapipe_json,
}


def views_of(folder, name, writer, founds):
    """Each camera's detections as read from its file."""
    views = {}
    for camera, found in enumerate(founds):
        (folder / f"cam{camera}").mkdir()
        path = folder / f"cam{camera}" / name
        writer(path, found)
        views[f"cam{camera}"] = read_detections(path, image_size=(1000, 1000))
    timed, _ = common_clock([*views.values()], [*views])
    return dict(zip(views, timed, strict=True))


def frames_of(views, trim=False):
    said = []
    return common_frames("clip", views, trim=trim, notice=said.append), said


def left_early():
    found = person()
    found[:, LEAVES:] = 0
    return found


@pytest.mark.parametrize("trim", [False, True])
@pytest.mark.parametrize("name", WITH_PEOPLE)
def test_of_files_with_people_only_the_longest_counts_and_it_is_said(tmp_path, name, trim):
    views = views_of(tmp_path, name, WITH_PEOPLE[name], [person(), left_early()])
    assert {view.first for view in views.values()} == {None}
    frames, (said,) = frames_of(views, trim)
    assert frames == FRAMES
    assert f"frames 0 to {FRAMES - 1} are taken" in said and f"{LEAVES - 1} of cam1" in said


def test_a_project_and_an_analysis_of_sleap_end_with_the_last_person(tmp_path):
    sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    from test_written_by_sleap_io import WRITERS, labels

    for name in ("project.slp", "table.csv"):
        views = {}
        for camera, found in enumerate((person(), left_early())):
            path = tmp_path / f"{camera}{name}"
            two = np.concatenate([found, found * 0])
            WRITERS[name](labels(two), str(path))
            views[f"cam{camera}"] = read_detections(path)
        assert frames_of(views)[0] == FRAMES and len(frames_of(views)[1]) == 1
    assert sio.__version__
    short = left_early()[:, :LEAVES]
    views = views_of(tmp_path, "analysis.h5", padded(sleap), [person(), short])
    assert frames_of(views)[0] == FRAMES  # sleap-convert ends at the last labelled frame


@pytest.mark.parametrize("name", EVERY)
def test_files_that_list_every_frame_are_refused_if_one_dropped_some(tmp_path, name):
    short = np.delete(person(), range(10, 10 + DROPPED), axis=1)
    views = views_of(tmp_path, name, EVERY[name], [person(), short])
    assert all(view.first is not None for view in views.values())
    with pytest.raises(GeoselfError) as error:
        frames_of(views)
    words = f"{FRAMES - DROPPED} frames of camera cam1, {FRAMES} of cam0"
    assert error.value.code == DATA and words in str(error.value)
    frames, (said,) = frames_of(views, trim=True)
    assert frames == FRAMES - DROPPED and f"cut at the end {DROPPED} of cam0" in said


@pytest.mark.parametrize("name", EVERY)
def test_frames_with_nobody_at_either_end_count_where_every_frame_is_listed(tmp_path, name):
    late, dropped = left_early(), np.delete(person(), [7], axis=1)
    late[:, :4], dropped[:, :4] = 0, 0
    views = views_of(tmp_path, name, EVERY[name], [person(), late, dropped])
    assert [view.frames for view in views.values()] == [FRAMES, FRAMES, FRAMES - 1]
    with pytest.raises(GeoselfError, match=f"{FRAMES - 1} frames of camera cam2"):
        frames_of(views)
    del views["cam2"]
    assert frames_of(views) == (FRAMES, [])


def test_a_file_that_lists_every_frame_and_has_too_few_for_another_is_refused(tmp_path):
    views = views_of(tmp_path, "yolo", yolo_text, [person()])
    views["cam1"] = dataclasses.replace(views["cam0"], first=0, frames=FRAMES - 2)
    with pytest.raises(GeoselfError, match=f"28 frames of camera cam1, at least {FRAMES} of cam0"):
        frames_of(views)
    views["cam1"] = dataclasses.replace(views["cam1"], frames=FRAMES + 5)
    assert frames_of(views)[0] == FRAMES + 5


@pytest.mark.parametrize("start", [0, 5_000_000])
def test_a_recording_is_prepared_with_all_frames_whatever_their_numbers(tmp_path, capsys, start):
    place = tmp_path / "anna"
    place.mkdir()
    clip = {"K": RIG.K, "R": RIG.R, "center": RIG.center, "image_size": RIG.image_size}
    dist = np.array([[*lens.coefficients[:4], 0] for lens in RIG.lenses])
    write_pose2sim(place / "Calib.toml", RIG.camera_names, {**clip, "dist": dist})
    pixels = pixels_of(motion(FRAMES), RIG)
    for view, name in enumerate(RIG.camera_names):
        last = LEAVES if view == 2 else FRAMES
        entries = [
            {"image_id": start + 1000 * f, "category_id": 1, "score": 0.9,
             "keypoints": np.c_[pixels[f, view], np.full(17, 0.9)].ravel().tolist()}
            for f in range(last)
        ]  # fmt: skip
        (place / f"{name}.json").write_text(json.dumps(entries))
    out = tmp_path / "o.npz"
    words = ["--input", str(place), "--fps=25", "--skeleton=h36m_17", f"--output={out}"]
    assert prepare.main(words) == 0
    said = capsys.readouterr().out
    assert f"earlier, at frame {1000 * (LEAVES - 1)} of cam3: nobody is seen there" in said
    read = recording.read(out)
    assert read.frame_id.tolist() == [1000 * f for f in range(FRAMES)]
    assert (read.confidence[:, 2] > 0).any(-1).sum() == LEAVES
    np.testing.assert_allclose(read.keypoints_2d[-1, 0, :17], pixels[-1, 0], atol=6)  # undistorted


@pytest.mark.parametrize("how", ["auto", "largest", "consistent"])
def test_memory_follows_the_frames_with_people_and_not_their_numbers(how):
    apart = 100_000
    pixels = pixels_of(motion(FRAMES), RIG)
    frame, frames = np.arange(FRAMES) * apart, FRAMES * apart
    views = [instances(pixels[:, v], frame, frames, source=f"cam{v}") for v in range(RIG.views)]
    choose_person(views, RIG, frames=frames, fps=25.0, how=how)  # compiles
    tracemalloc.start()
    chosen = choose_person(views, RIG, frames=frames, fps=25.0 * apart, how=how)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6  # dense arrays are 3 million frames x 4 views x 17 joints: 2.4 GB
    assert chosen.frame.tolist() == frame.tolist()
    np.testing.assert_allclose(chosen.keypoints_2d, pixels, rtol=1e-6)
