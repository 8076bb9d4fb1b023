import dataclasses
import json
import shutil

import numpy as np
import pytest
from tiny import make_arrays

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data import recording
from geoself_jax.data.training_sample import read_sample
from geoself_jax.data.training_set import triangulate_recording
from geoself_jax.evaluate.__main__ import main
from geoself_jax.evaluate.warnings import warnings_of
from geoself_jax.lift import exported as export_files
from geoself_jax.lift.exported import load_exported
from geoself_jax.lift.lifter import load_lifter
from geoself_jax.runtime.restore import load_trained


@pytest.fixture(scope="module")
def run(tiny_run, tmp_path_factory):
    """A run of this module's own, evaluated on what it was trained on."""
    folder = tmp_path_factory.mktemp("evaluate") / "run"
    shutil.copytree(tiny_run, folder)
    return folder


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Another recording of such people."""
    path = tmp_path_factory.mktemp("others") / "others.npz"
    names = {"subject_names": np.array(["dora", "emil", "fritz"])}
    np.savez(path, **make_arrays(seed=1) | names)
    return path


@pytest.fixture(scope="module")
def elsewhere(run, others, tmp_path_factory):
    """Folder into which scores and page of the run are written where they are asked for."""
    folder = tmp_path_factory.mktemp("elsewhere") / "new"
    outputs = [f"--json={folder / 'scores.json'}", f"--report={folder / 'page.html'}"]
    assert main([f"--workdir={run}", f"--data={others}", *outputs]) == 0
    return folder


def test_scores_and_page_go_where_they_are_wanted_and_the_run_keeps_its_scores(
    elsewhere, run, others
):
    assert sorted(path.name for path in elsewhere.iterdir()) == ["page.html", "scores.json"]
    assert (elsewhere / "scores.json").read_bytes() == (run / "evaluation.json").read_bytes()
    assert json.loads((run / "evaluation.json").read_text())["data"] == str(others)
    assert (run / "examples.png").exists() and not (run / "report.html").exists()
    assert others.name in (elsewhere / "page.html").read_text()


def test_an_export_has_the_scores_of_its_run_and_is_left_as_it_is(
    elsewhere, tiny_export, others, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in tiny_export.iterdir()}
    assert main([f"--model={tiny_export}", f"--data={others}", "--json=export.json"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{tiny_export}, step ") and "MPJPE" in printed.out
    assert printed.err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["export.json"]
    found = json.loads((tmp_path / "export.json").read_text())
    wanted = json.loads((elsewhere / "scores.json").read_text())
    assert wanted.pop("trained_on").endswith(found.pop("trained_on"))  # reported without its folder
    assert found.pop("sha256") != wanted.pop("sha256")  # each of its own file
    assert found == wanted
    assert {path.name: path.read_bytes() for path in tiny_export.iterdir()} == before


def test_data_that_cannot_be_right_are_scored_with_a_warning(run, tiny_recording, tmp_path, capsys):
    there = tmp_path / "swapped.npz"
    camera = type(tiny_recording.camera)(*(a[:, [1, 0, 2, 3]] for a in tiny_recording.camera))
    wrong = dataclasses.replace(tiny_recording, camera=camera)
    recording.write(wrong, there)
    assert main([f"--workdir={run}", f"--data={there}"]) == 0
    printed = capsys.readouterr()
    assert f"page: {run / 'report.html'}, 24 scenes of 24 videos" in printed.out
    assert (run / "report.html").exists()
    learned, *lines = printed.err.splitlines()
    assert "100% of the detections that were trained on" in learned
    assert len(lines) == 2 and all(line.startswith(f"warning: {there}: rig rig") for line in lines)


def test_an_export_s_networks_are_those_of_its_run(tiny_run, tiny_export):
    exported, trained = load_exported(tiny_export), load_trained(tiny_run)
    assert exported.model == trained.model and exported.facts["step"] == trained.facts["step"]
    assert load_lifter(tiny_export).info == exported.record


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--workdir=a", "--model=b"],
        ["--model=b", "--checkpoint=best"],
        ["--workdir=a", "--report=c.html", "--no-report"],
        ["--workdir=a", "--frames=0"],
    ],
    ids=["neither", "both", "checkpoint", "report", "frames"],
)
def test_flags_that_contradict_each_other_are_refused(flags):
    with pytest.raises(GeoselfError) as refused:
        main([*flags, "--data=synthetic:test"])
    assert refused.value.code == USAGE


def test_an_export_that_tells_too_little_is_refused(tiny_export, others, tmp_path):
    copy = shutil.copytree(tiny_export, tmp_path / "export")
    info = json.loads((copy / export_files.DESCRIPTION).read_text())
    del info["scores"]["checkpoint"]["step"]
    info["sha256"] = export_files.description_sha256(info)
    (copy / export_files.DESCRIPTION).write_text(json.dumps(info))
    with pytest.raises(GeoselfError, match=r"no scores\.checkpoint\.step") as refused:
        main([f"--model={copy}", f"--data={others}"])
    assert refused.value.code == DATA


def test_scores_of_what_was_learned_are_doubted(tiny_run, tiny_recording):
    trained, triangulated = load_trained(tiny_run), triangulate_recording(tiny_recording)
    (line,) = warnings_of(trained, tiny_recording, "mine.npz", triangulated)
    assert line.startswith("mine.npz: the run was trained on these data (held out: ")
    people = dataclasses.replace(tiny_recording, fingerprint="another")
    (line,) = warnings_of(trained, people, "mine.npz", triangulated)
    assert line.startswith("mine.npz: its subjects ") and "have the names" in line
    other = dataclasses.replace(people, subject_names=("dora", "emil", "fritz"))
    assert warnings_of(trained, other, "mine.npz", triangulated) == []
    alone = np.full_like(triangulated, np.nan)  # as one view gives: nothing to check by
    assert warnings_of(trained, other, "mine.npz", alone) == []


def test_parts_of_the_training_clips_are_known_again(tiny_run, tiny_recording):
    trained, triangulated = load_trained(tiny_run), triangulate_recording(tiny_recording)
    sample = read_sample(tiny_run, trained.model.skeleton)
    half = slice(0, 240, 2)
    renamed = {"fingerprint": "another", "subject_names": ("dora", "emil", "fritz")}
    again = dataclasses.replace(tiny_recording.select(half), **renamed)
    (line,) = warnings_of(trained, again, "again.npz", triangulated[half], sample)
    assert "50% of the detections that were trained on" in line and "nothing about new" in line
    moved = dataclasses.replace(
        again,
        keypoints_2d=again.keypoints_2d + np.float32(1),
        subject_names=tiny_recording.subject_names,
    )
    (line,) = warnings_of(trained, moved, "later.npz", triangulated[half], sample)
    learned = len(trained.record["data"]["subjects"]) * 2
    assert f"{learned} of its clips (clip" in line and "the names of some" in line
    new = dataclasses.replace(moved, subject_names=("dora", "emil", "fritz"))
    assert warnings_of(trained, new, "new.npz", triangulated[half], sample) == []
