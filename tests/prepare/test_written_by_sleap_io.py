"""Files that sleap-io itself writes: projects, analyses and tables come back as given."""

import numpy as np
import pytest
from detection_files import FRAMES, NAMES, people, there

from geoself_jax.core.errors import DATA, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.skeletons import COCO_17
from geoself_jax.prepare.calibrations import recognize_calibration
from geoself_jax.prepare.detections import DETECTIONS, read_detections, recognize_detections

sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed")


def labels(found, *, tracked=True, by_hand=(), all_by_hand=False):
    """What SLEAP has after predicting `found`; `by_hand`: (person, frame) corrected by 5 px."""
    skeleton = sio.Skeleton(list(NAMES))
    shape = (found.shape[1], 1000, 1000, 3)
    video = sio.Video("cam1.mp4", open_backend=False, backend_metadata={"shape": shape})
    tracks = [sio.Track("p1"), sio.Track("p2")]
    frames = []
    for f in sorted({f for _, f in there(found)}):
        instances = []
        for p in (p for p in range(2) if found[p, f].any()):
            row = np.where(found[p, f, :, 2:] > 0, found[p, f], np.nan)
            rest = {"skeleton": skeleton, "track": tracks[p] if tracked else None}
            predicted = sio.PredictedInstance.from_numpy(
                row[:, :2], point_scores=row[:, 2], score=0.9, **rest
            )
            placed = sio.Instance.from_numpy(row[:, :2] + 5 * ((p, f) in by_hand), **rest)
            if (p, f) in by_hand:
                placed.from_predicted = predicted
            instances += [] if all_by_hand else [predicted]
            instances += [placed] if all_by_hand or (p, f) in by_hand else []
        frames.append(sio.LabeledFrame(video=video, frame_idx=f, instances=instances))
    used = tracks if tracked else []
    return sio.Labels(frames, videos=[video], skeletons=[skeleton], tracks=used)


WRITERS = {
    "project.slp": lambda found, path: found.save(path, embed=False, verbose=False),
    "analysis.h5": sio.save_analysis_h5,
    "matlab.h5": lambda found, path: sio.save_analysis_h5(found, path, preset="matlab"),
    "table.csv": sio.save_csv,
    "instances.csv": lambda found, path: sio.save_csv(found, path, format="instances"),
}


def write(folder, name, found):
    WRITERS[name](found, str(folder / name))
    return folder / name


def same(read, found):
    """Every person as written, known by the track; pixels are kept in float32."""
    assert len(read.frame) == len(there(found)) and read.frames == FRAMES
    for row, frame in enumerate(read.frame):
        wanted = found[int(read.track_names[read.track[row]][1]) - 1, frame]
        seen = wanted[:, 2] > 0
        np.testing.assert_allclose(read.keypoints_2d[row, seen], wanted[seen, :2], rtol=1e-6)
        np.testing.assert_allclose(read.confidence[row], wanted[:, 2], rtol=1e-6)


@pytest.mark.parametrize("name", WRITERS)
def test_what_was_predicted_comes_back(tmp_path, name):
    path = write(tmp_path, name, labels(people()))
    assert {kind for kind in DETECTIONS if recognize_detections(path, kind)} == {"sleap"}
    assert recognize_calibration(path) == {}
    read = read_detections(path)
    assert read.skeleton == COCO_17 and read.notes == ()
    same(read, people())


@pytest.mark.parametrize("name", WRITERS)
def test_a_correction_is_taken_in_place_of_the_prediction(tmp_path, name):
    changed = [(0, 1), (1, 3)]
    read = read_detections(write(tmp_path, name, labels(people(), by_hand=changed)))
    wanted = people()
    for person, frame in changed:
        wanted[person, frame] += [5, 5, 0]
        wanted[person, frame, :, 2] = 1
    same(read, wanted)


@pytest.mark.parametrize("name", WRITERS)
def test_labels_placed_by_hand_are_sure(tmp_path, name):
    read = read_detections(write(tmp_path, name, labels(people(), all_by_hand=True)))
    wanted = people()
    wanted[..., 2] = wanted[..., 2] > 0
    same(read, wanted)


@pytest.mark.parametrize("name", ["analysis.h5", "table.csv", "instances.csv"])
def test_a_joint_without_a_score_among_others_is_missing_and_not_sure(tmp_path, name):
    found = labels(people())
    found[1][0].points["score"][4] = np.nan
    read = read_detections(write(tmp_path, name, found))
    wanted = people()
    wanted[0, 1, 4] = 0
    same(read, wanted)
    assert any("1 joints without a score are read as missing" in line for line in read.notes)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("all_by_hand", [False, True])
def test_a_joint_that_nobody_placed_is_missing_without_a_word(tmp_path, name, all_by_hand):
    found = people()
    found[0, :, 5] = 0
    changed = [] if all_by_hand else [(0, 1)]
    given = labels(found, by_hand=changed, all_by_hand=all_by_hand)
    read = read_detections(write(tmp_path, name, given))
    assert not any("no x and y" in line for line in read.notes)
    assert (read.confidence[read.track == read.track_names.index("p1"), 5] == 0).all()


@pytest.mark.parametrize("name", ["project.slp", "table.csv"])
def test_what_was_placed_by_hand_is_counted(tmp_path, name):
    read = read_detections(write(tmp_path, name, labels(people(), by_hand=[(0, 1)])))
    assert f"1 of {len(there(people()))} were placed by hand" in read.notes[0]


def test_a_table_without_tracks_does_not_say_what_was_corrected_and_is_refused(tmp_path):
    found = labels(people(), tracked=False, by_hand=[(0, 1)])
    with pytest.raises(GeoselfError, match=r"table\.csv: frame 1 has predictions and.*\.slp") as e:
        read_detections(write(tmp_path, "table.csv", found))
    assert e.value.code == DATA
    read = read_detections(write(tmp_path, "project.slp", found))
    assert len(read.frame) == len(there(people()))


def test_a_table_that_sorts_its_columns_is_read_in_the_skeletons_order(tmp_path):
    path = write(tmp_path, "table.csv", labels(people()))
    names = [name for name in path.open().readline().strip().split(",") if name.endswith(".x")]
    assert names == sorted(names) and names[0] != "nose.x"
    mine = Skeleton(tuple(NAMES), (-1, *[0] * 16), (), 0)
    same(read_detections(path, skeleton=mine), people())


def test_a_table_for_deeplabcut_without_its_scores_is_refused(tmp_path):
    """sleap-io 0.9.5 leaves its likelihood empty (findings/)."""
    sio.save_csv(labels(people()), str(tmp_path / "a.csv"), format="dlc")
    with pytest.raises(GeoselfError, match=r"a\.csv: no likelihood at all.*--format analysis"):
        read_detections(tmp_path / "a.csv")


def test_annotations_are_read_as_seen_or_not(tmp_path):
    sio.save_coco(labels(people(), tracked=False), str(tmp_path / "a.json"))
    read = read_detections(tmp_path / "a.json")
    assert len(read.frame) == len(there(people()))
    assert set(np.unique(read.confidence)) == {0, 1}
