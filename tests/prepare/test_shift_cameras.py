"""Cameras that are late by known frames, or by frames that are found, are put in step."""

import numpy as np
import pytest

from geoself_jax.core.errors import USAGE, GeoselfError
from geoself_jax.data.files import npz
from geoself_jax.data.recording import read
from geoself_jax.data.synthetic import generate
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.lab_files import clip_of, write_openpose, write_pose2sim

NAMES = ("left", "middle", "right")
LATE = 3  # frames by which the camera in the middle is


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Some clips of one person by three cameras: `there` in step, `late` with one that is not."""
    place = tmp_path_factory.mktemp("lab")
    made = generate("train", 900, 0, 25.0, subjects=1)
    for number in range(len(made["clip_names"])):
        clip = clip_of(made, number)
        pixels, confidence = clip["keypoints_2d"][:, :3], clip["confidence"][:, :3]
        for view, name in enumerate(NAMES):
            rows = pixels[:, view], confidence[:, view]
            write_openpose(place / f"there/take{number}", name, *rows)
            by = LATE * (name == "middle")
            moved = [np.concatenate([array[:by], array[: len(array) - by]]) for array in rows]
            write_openpose(place / f"late/take{number}", name, *moved)
    write_pose2sim(place / "Calib.toml", NAMES, clip)
    return place


def run(lab, folder, *flags, code=0):
    words = ["--input", str(lab / folder), f"--calibration={lab / 'Calib.toml'}", "--fps=25"]
    words += ["--skeleton=h36m_17", "--subject=anna", f"--output={lab / 'out.npz'}"]
    words += ["--sides=keep"]
    assert prepare.main([*words, *flags]) == code
    return npz.read_arrays(lab / "out.npz")


def by_frame(arrays):
    keys = zip(arrays["clip_id"].tolist(), arrays["frame_id"].tolist(), strict=True)
    return {key: at for at, key in enumerate(keys)}


def compared(arrays, wanted, view):
    """Pixels of a view in the frames that both have, next to those wanted."""
    ours, theirs = by_frame(arrays), by_frame(wanted)
    both = [key for key in ours if key in theirs]
    assert len(both) > 0.9 * len(theirs)
    return [
        each["keypoints_2d"][[at[key] for key in both], view]
        for each, at in ((arrays, ours), (wanted, theirs))
    ]


def test_a_known_lag_is_taken_out_to_the_pixel(lab, capsys):
    wanted, late = run(lab, "there"), run(lab, "late")
    found, true = compared(late, wanted, 1)
    assert np.nanmedian(np.abs(found - true)) > 1
    shifted = run(lab, "late", f"--shift=middle={LATE}")
    assert f"frames late, as given, taken out: middle +{LATE}" in capsys.readouterr().out
    for view in range(3):
        found, true = compared(shifted, wanted, view)
        both = np.isfinite(found) & np.isfinite(true)
        assert both.mean() > 0.9
        np.testing.assert_array_equal(found[both], true[both])
    np.testing.assert_array_equal(shifted["R"], wanted["R"])


def test_the_others_may_be_early_in_place_of_it(lab):
    wanted = run(lab, "late", f"--shift=middle={LATE}")
    early = run(lab, "late", f"--shift=left=-{LATE}", f"--shift=right=-{LATE}")
    at = by_frame(early)
    moved = {(clip, frame - LATE): row for (clip, frame), row in at.items()}
    both = [key for key in by_frame(wanted) if key in moved]
    assert len(both) > 0.9 * len(wanted["frame_id"])
    ours = early["keypoints_2d"][[moved[key] for key in both]]
    theirs = wanted["keypoints_2d"][[by_frame(wanted)[key] for key in both]]
    seen = np.isfinite(ours) & np.isfinite(theirs)
    assert seen.mean() > 0.9
    np.testing.assert_array_equal(ours[seen], theirs[seen])


def test_between_frames_joints_are_on_a_line_and_as_sure_as_the_less_sure(lab):
    late = run(lab, "late")
    half = run(lab, "late", "--shift=right=0.5")
    frames = by_frame(late)
    for (clip, frame), row in list(by_frame(half).items())[10:20]:
        a, b = frames[clip, frame], frames[clip, frame + 1]
        middle = (late["keypoints_2d"][a, 2] + late["keypoints_2d"][b, 2]) / 2
        sure = np.minimum(late["confidence"][a, 2], late["confidence"][b, 2])
        np.testing.assert_allclose(half["keypoints_2d"][row, 2], middle, atol=1e-3)
        np.testing.assert_array_equal(half["confidence"][row, 2], sure)


def test_a_file_that_is_prepared_is_shifted_and_its_truth_stays_at_its_frames(lab):
    late = run(lab, "late")
    truth = np.repeat(late["frame_id"][:, None, None], 17, 1).repeat(3, 2).astype(np.float32)
    np.savez(lab / "known.npz", **late, pose_world=truth)
    words = ["--input", str(lab / "known.npz"), f"--output={lab / 'moved.npz'}"]
    assert prepare.main([*words, f"--shift=middle={LATE}"]) == 0
    moved, wanted = npz.read_arrays(lab / "moved.npz"), run(lab, "late", f"--shift=middle={LATE}")
    np.testing.assert_array_equal(moved["keypoints_2d"], wanted["keypoints_2d"])
    np.testing.assert_array_equal(moved["pose_world"][:, 0, 0], moved["frame_id"])


def test_a_lag_is_found_by_the_cameras_and_taken_out(lab, capsys):
    wanted = run(lab, "there")
    synced = run(lab, "late", "--sync")
    said = capsys.readouterr().out
    late = next(line for line in said.splitlines() if line.startswith("frames late, "))
    by = float(late.partition("middle ")[2].split()[0])
    assert abs(by - LATE) < 0.3
    assert "dist" not in synced
    for view in (0, 1):
        found, true = compared(synced, undistorted(wanted, lab), view)
        assert np.nanmedian(np.abs(found - true)) < 1
    read(lab / "out.npz")  # a whole recording
    run(lab, "late")
    words = ["--input", str(lab / "out.npz"), f"--output={lab / 'again.npz'}", "--sync"]
    assert prepare.main(words) == 0
    again = npz.read_arrays(lab / "again.npz")
    np.testing.assert_allclose(again["keypoints_2d"], synced["keypoints_2d"], atol=0.05)


def undistorted(arrays, lab):
    np.savez(lab / "wanted.npz", **arrays)
    return arrays | {"keypoints_2d": read(lab / "wanted.npz").keypoints_2d}


WRONG = {
    "--shift=midle=3": "did you mean 'middle'",
    "--shift=3": "of which camera",
    "--shift=middle=3,5": "with a point",
    "--shift=middle=nan": "wanted NAME=FRAMES",
}


@pytest.mark.parametrize("flag", WRONG)
def test_a_lag_of_no_camera_or_of_no_number_is_refused(lab, flag):
    with pytest.raises(GeoselfError, match=WRONG[flag]) as error:
        run(lab, "late", flag)
    assert error.value.code == USAGE


@pytest.mark.parametrize("flag", ["--sync", "--shift=middle=3"])
def test_lags_are_in_frames_of_the_files(lab, flag):
    with pytest.raises(GeoselfError, match="thin the file that is written") as error:
        run(lab, "late", flag, "--every=2")
    assert error.value.code == USAGE


def test_without_opencv_lags_are_not_looked_for(lab, monkeypatch):
    from geoself_jax.calibrate import requirements

    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GeoselfError, match="opencv-python-headless") as error:
        run(lab, "nowhere", "--sync")  # said before a path is looked at
    assert error.value.code == USAGE


def test_uncalibrated_cameras_are_shifted_too(lab):
    words = ["--input", str(lab / "late"), "--uncalibrated", "--image-size=1000x1000", "--fps=25"]
    words += ["--skeleton=h36m_17", "--subject=anna", f"--output={lab / 'bare.npz'}"]
    words += ["--sides=keep"]
    assert prepare.main([*words, f"--shift=middle={LATE}"]) == 0
    found = npz.read_arrays(lab / "bare.npz")["keypoints_2d"]
    wanted = run(lab, "late", f"--shift=middle={LATE}")["keypoints_2d"]
    np.testing.assert_array_equal(found, wanted)
