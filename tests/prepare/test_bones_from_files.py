"""Bones that a detector's files or their project have, and drafts where nobody says them."""

import re
from pathlib import Path

import animals
import numpy as np
import pandas as pd
import pytest
import tomli_w
import yaml
from calibration_files import Known, write_anipose

from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data import recording
from geoself_jax.data.skeleton_files import read_skeleton_toml
from geoself_jax.prepare import __main__ as command
from geoself_jax.prepare.detections import read_detections
from geoself_jax.prepare.detections.named_joints import named_joints

MOUSE = ("snout", "EarL", "EarR", "tail", "tip")
DRAWN = [["snout", "EarL"], ["snout", "EarR"], ["snout", "tail"], ["tail", "tip"]]
CHAINS = [["EarL", "snout", "EarR"], ["snout", "tail", "tip"]]
TREE = Skeleton(MOUSE, (-1, 0, 0, 0, 3), ((1, 2),), 0)


def table(found, names=MOUSE):
    """DeepLabCut's table of (frames, joints, 3) x, y, likelihood."""
    columns = pd.MultiIndex.from_product(
        [["DLC_resnet50"], names, ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    return pd.DataFrame(found.reshape(len(found), -1), columns=columns)


def numbers(frames=30):
    rng = np.random.default_rng(0)
    return np.concatenate(
        [rng.uniform(100, 900, (frames, 5, 2)), rng.uniform(0.5, 1, (frames, 5, 1))], -1
    )


def written(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    table(numbers()).to_csv(path)
    return path


def sleap(path, edges=DRAWN, symmetries=(("EarL", "EarR"),)):
    sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    skeleton = sio.Skeleton(
        list(MOUSE), edges=[tuple(edge) for edge in edges], symmetries=list(symmetries)
    )
    video = sio.Video("cam.mp4", open_backend=False, backend_metadata={"shape": (9, 999, 999, 3)})
    frames = [
        sio.LabeledFrame(
            video=video,
            frame_idx=number,
            instances=[
                sio.PredictedInstance.from_numpy(
                    row[:, :2], point_scores=row[:, 2], score=0.9, skeleton=skeleton
                )
            ],
        )
        for number, row in enumerate(numbers())
    ]
    labels = sio.Labels(frames, videos=[video], skeletons=[skeleton])
    if path.suffix == ".slp":
        labels.save(str(path), embed=False, verbose=False)
    elif path.suffix == ".csv":
        sio.save_csv(labels, str(path))
    else:
        sio.save_analysis_h5(labels, str(path))
    return path


@pytest.mark.parametrize("name", ["m.slp", "m.analysis.h5"])
def test_sleaps_edges_are_the_bones_and_its_symmetries_the_pairs(tmp_path, name):
    read = read_detections(sleap(tmp_path / name))
    assert read.skeleton == TREE
    assert read.notes == (
        "bones as in SLEAP's skeleton, the root snout in their middle; pairs EarL - EarR; "
        "--skeleton=FILE.toml says otherwise",
    )
    alone = read_detections(sleap(tmp_path / name, symmetries=[("tail", "tip")]))
    assert alone.skeleton.left_right == ((3, 4),)  # the file's, whatever the names say


def test_sleaps_files_of_one_skeleton_have_one_line_in_common(tmp_path):
    names = ("a.slp", "b.slp", "c.analysis.h5")
    assert len({read_detections(sleap(tmp_path / name)).notes for name in names}) == 1


def test_sleaps_symmetries_without_edges_and_its_csv_leave_the_bones_open(tmp_path):
    for name in ("bare.slp", "bare.csv"):
        with pytest.raises(GeoselfError, match=r"joints .*tip.* no known skeleton .*FILE\.toml"):
            read_detections(sleap(tmp_path / name, edges=[]))


@pytest.mark.parametrize(
    ("place", "config"),
    [
        ("config.yaml", {"Task": "m", "bodyparts": list(MOUSE), "skeleton": DRAWN}),
        ("videos/config.yaml", {"skeleton": [[*MOUSE[1::-1]], ["EarR", "snout", "tail", "tip"]]}),
        ("config.toml", {"labeling": {"scheme": CHAINS}}),
    ],
)
def test_bones_of_a_table_are_in_the_configuration_above_it(tmp_path, place, config):
    path = written(tmp_path / "project" / "videos" / "cam1DLC_resnet50.csv")
    text = tomli_w.dumps(config) if place.endswith("toml") else yaml.safe_dump(config)
    (tmp_path / "project" / place).write_text(text)
    read = read_detections(path)
    assert read.skeleton == TREE
    assert f"bones as in {tmp_path / 'project' / place}, the root snout" in read.notes[0]
    assert "pairs by their names EarL - EarR" in read.notes[0]


def test_a_configuration_is_named_as_its_table_is(tmp_path, monkeypatch):
    written(tmp_path / "project" / "videos" / "cam1DLC_resnet50.csv")
    (tmp_path / "project" / "config.yaml").write_text(yaml.safe_dump({"skeleton": DRAWN}))
    monkeypatch.chdir(tmp_path)
    read = read_detections(Path("project/videos/cam1DLC_resnet50.csv"))
    assert read.notes[0].startswith(f"bones as in {Path('project/config.yaml')}, the root snout")


@pytest.mark.parametrize(
    "text",
    [
        "skeleton: [[bodypart1, bodypart2], [objectA, bodypart3]]",  # DeepLabCut's template
        "skeleton: [",
        "skeleton: 3",
        "skeleton: [[snout, 3], [[snout, tail]]]",
        "- 1",
    ],
)
def test_a_configuration_that_draws_none_of_the_joints_is_none(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(GeoselfError, match="no known skeleton has these"):
        read_detections(written(tmp_path / "cam1DLC_resnet50.csv"))


@pytest.fixture
def lab(tmp_path):
    """A calibration and three cameras' tables of an animal that no program joins."""
    arrays = animals.make_arrays((-1, 0, 0, 0, 3), ((1, 2),), frames=60)
    known = Known(
        arrays["camera_names"].tolist(),
        *(arrays[key][0] for key in ("K", "dist", "R", "center")),
        points=arrays["pose_world"][0],
    )
    write_anipose(known, tmp_path / "calibration.toml", 0.001)
    for view, name in enumerate(known.names):
        seen = [arrays["keypoints_2d"][:, view], arrays["confidence"][:, view, :, None]]
        table(np.concatenate(seen, -1)).to_csv(tmp_path / f"walk_{name}.csv")
    return tmp_path


def prepared(lab, *flags):
    output = lab.parent / f"{lab.name}.npz"
    wanted = [f"--input={lab}", "--fps=25", "--unit=mm", f"--output={output}", *flags]
    assert command.main(wanted) == 0
    return recording.read(output)


def refusal(lab, *flags):
    with pytest.raises(GeoselfError) as caught:
        prepared(lab, *flags)
    assert len(caught.value.lines) == 1
    return str(caught.value), caught.value.code


def test_a_draft_is_written_completed_and_used(lab, capsys):
    line, code = refusal(lab)
    assert code == DATA and "joints snout, EarL, EarR, tail, tip - no known skeleton" in line
    assert "prepare writes a draft" in line
    draft = lab / "mouse.toml"
    line, code = refusal(lab, f"--skeleton={draft}")
    assert code == DATA and line.startswith(f"{draft}: written, a draft of the 5 joints of ")
    line, code = refusal(lab, f"--skeleton={draft}")  # nobody has said the root yet
    assert code == DATA and "root is not there" in line
    text = re.sub(r"^# (?=root)", "", draft.read_text(), flags=re.MULTILINE)
    draft.write_text(text)
    assert prepared(lab, f"--skeleton={draft}").skeleton.bones == ()
    assert "no bones: poses are drawn as points" in capsys.readouterr().out
    draft.write_text(re.sub(r"^# (?=bones|    \[|\]$)", "", text, flags=re.MULTILINE))
    assert read_skeleton_toml(draft) == Skeleton(MOUSE, (-1, 0, 0, 0, 0), ((1, 2),), 0)
    read = prepared(lab, f"--skeleton={draft}")
    assert read.skeleton == read_skeleton_toml(draft)
    draft.write_text(draft.read_text().replace('root = "snout"', 'root = "centroid"'))
    read = prepared(lab, f"--skeleton={draft}")
    assert read.skeleton.joint_names == (*MOUSE, "centroid") and read.skeleton.root == 5
    whole = (read.confidence[..., :5] > 0).all(-1)
    mean = read.keypoints_2d[..., :5, :].mean(2)
    np.testing.assert_allclose(read.keypoints_2d[..., 5, :][whole], mean[whole], atol=0.2)


def test_no_draft_is_written_where_the_joints_are_known(lab):
    (lab / "config.toml").write_text(tomli_w.dumps({"labeling": {"scheme": DRAWN}}))
    line, code = refusal(lab, f"--skeleton={lab / 'typo.toml'}")
    assert code == MISSING and "no such file, and no draft is needed" in line
    assert not (lab / "typo.toml").exists()


def test_a_line_that_holds_for_all_cameras_is_printed_once(lab, capsys):
    (lab / "config.toml").write_text(tomli_w.dumps({"labeling": {"scheme": DRAWN}}))
    assert prepared(lab).skeleton == TREE
    assert capsys.readouterr().out.count("bones as in") == 1


ALIKE = ("nose", "ear 1", "ear_1", "tail", "Tail")


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        (ALIKE, [0, 1, 2, 3, 4]),
        (("Tail", "NOSE", "ear_1"), [4, 0, 2]),
        (("tail", "nose"), [3, 0]),
    ],
)
def test_names_that_only_spelling_tells_apart_are_found_as_they_are_spelt(wanted, order):
    found = named_joints("a.csv", ALIKE, Skeleton(wanted, (-1,) * len(wanted), (), 0))
    assert found.order == order
    left = [name for name in ALIKE if name not in wanted and name != "nose"]
    said = [f"a.csv: {', '.join(left)} are left out: --skeleton lacks them"] if left else []
    assert [line for line in found.notes if "left out" in line] == said


@pytest.mark.parametrize(
    ("names", "wanted"), [(ALIKE, ("nose", "TAIL")), (("nose", "tail"), ("nose", "tail", "TAIL"))]
)
def test_a_name_that_may_be_two_joints_or_a_second_one_is_lacking(names, wanted):
    with pytest.raises(GeoselfError, match="no joint TAIL, which --skeleton has"):
        named_joints("a.csv", names, Skeleton(wanted, (-1,) * len(wanted), (), 0))
