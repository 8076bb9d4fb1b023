"""Scenes of several sources, the numbers that go into a page, and the table of errors."""

import dataclasses
import json
import re
import warnings

import numpy as np
import pytest
from walkers import SKELETON, camera, seen, walker

from geoself_jax.core.errors import GeoselfError
from geoself_jax.core.model import Prediction
from geoself_jax.data.poses.change_axes import in_camera, relative_to_root
from geoself_jax.data.poses.orientation import turned
from geoself_jax.data.skeletons import BODY_25, COCO_17
from geoself_jax.evaluate import report
from geoself_jax.evaluate.scores import ground_truth_scores, in_cameras
from geoself_jax.view import choose_scenes, compress_numbers, html_page, z_up
from geoself_jax.view.build_scenes import joint_errors, scenes_from_recording, scenes_from_sequences
from geoself_jax.view.comparison import with_recording
from geoself_jax.view.error_table import action_table
from geoself_jax.view.line_segments import COLOR
from geoself_jax.view.page_data import page_facts, runs
from geoself_jax.view.scene import Scene


def lifted(noise=0.02, **changes):
    return walker(name="lifted", noise=noise, seed=1, **changes)


@pytest.mark.parametrize("root", [-1, 0, 2])
@pytest.mark.parametrize("scale", [0.01, 3.0, 5_000.0])
def test_what_is_coded_is_read_back_within_half_a_step(root, scale):
    rng = np.random.default_rng(0)
    values = rng.normal(0, scale, (50, 4, 3)) + 5 * scale
    values[3:9, 1] = np.nan
    values[0, 2], values[-1], values[20, 0, 1] = np.nan, np.nan, np.nan
    block = compress_numbers.code(values, 0.0005, root)
    again = compress_numbers.decode(block)
    missing = np.isnan(values).any(-1)
    assert (np.isnan(again).all(-1) == missing).all()
    assert np.abs(again - values)[~missing].max() <= 0.00025 * (1 + 1e-9)


def test_nothing_one_number_and_numbers_beyond_all_measure_are_coded_too():
    assert compress_numbers.decode(
        compress_numbers.code(np.zeros((0, 17, 3)), 0.0005, 0)
    ).shape == (0, 17, 3)
    assert compress_numbers.decode(
        compress_numbers.code(np.full((1, 1, 1), 0.7), 0.01)
    ).item() == pytest.approx(0.7)
    wild = np.array([[[1e9]], [[np.inf]], [[-134_217.0]], [[134_217.0]]])
    again = compress_numbers.decode(compress_numbers.code(wild, 0.0005)).ravel()
    assert np.isnan(again[:2]).all() and again[2:].tolist() == [-134_217.0, 134_217.0]


def test_a_body_in_a_page_is_less_than_half_a_millimetre_off():
    scene = scenes_from_sequences([lifted()])[0]
    facts, blocks = page_facts([scene], "x")
    block = list(blocks.found)[facts["scenes"][0]["sources"][0]["pose"]]
    error = np.linalg.norm(compress_numbers.decode(block) - scene.sequences[0].pose, axis=-1)
    assert error.max() < 0.0005


def test_errors_are_the_distances_relative_to_the_root():
    truth = walker()
    moved = truth.pose + np.float32([5, -2, 1])
    moved[:, 3] += np.float32([0.03, 0.04, 0])
    moved[4] = np.nan
    scene = scenes_from_sequences([truth.replace(name="lifted", pose=moved), truth])[0]
    assert scene.reference == 1 and joint_errors(scene, 1) is None
    errors = joint_errors(scene, 0)
    assert np.isnan(errors[4]).all()
    assert np.nanmax(np.delete(errors, 3, 1)) < 1e-6
    np.testing.assert_allclose(np.delete(errors[:, 3], 4), 0.05, atol=1e-6)


def test_frames_go_by_their_numbers_and_are_missing_where_a_source_has_none():
    truth = walker()
    some = lifted().replace(frame_id=np.arange(40) * 2)
    scene = scenes_from_sequences([some, truth])[0]
    assert scene.frame_id.tolist() == sorted({*range(40), *range(0, 80, 2)})
    at = scene.frame_id.tolist().index(10)
    np.testing.assert_array_equal(scene.sequences[0].pose[at], some.pose[5])
    np.testing.assert_array_equal(scene.sequences[1].pose[at], truth.pose[10])
    assert np.isnan(scene.sequences[0].pose[scene.frame_id == 11]).all()
    assert np.isnan(scene.sequences[1].pose[scene.frame_id == 60]).all()


@pytest.mark.parametrize("relative", [False, True])
def test_camera_axes_come_to_the_world_by_the_camera_also_by_another_sources(relative):
    truth = walker()
    other = in_camera(truth).replace(name="lifted")
    other = relative_to_root(other) if relative else other
    unplaced = camera()
    unplaced = type(unplaced)(unplaced.name, unplaced.K, unplaced.image_size)
    for own in (other.camera, unplaced):
        (scene,) = scenes_from_sequences([other.replace(camera=own), truth])
        assert scene.sequences[0].axes == "world"
        assert np.nanmax(joint_errors(scene, 0)) < 1e-5


def test_a_file_turned_for_another_program_comes_back_to_the_world_of_the_others():
    truth = walker()
    for other in (turned(truth, "y"), turned(truth.replace(camera=None), "y")):
        (scene,) = scenes_from_sequences([truth, other.replace(name="turned")])
        np.testing.assert_allclose(scene.sequences[1].pose, truth.pose, atol=1e-5)


def test_what_cannot_be_brought_together_is_shown_by_itself():
    truth = walker(camera=None)
    stranger = in_camera(walker()).replace(name="blind", camera=None)
    slow = truth.replace(name="slow", fps=30.0)
    scenes = scenes_from_sequences([truth, stranger, slow])
    assert [[s.name for s in scene.sequences] for scene in scenes] == [
        ["ground truth"],
        ["blind"],
        ["slow"],
    ]
    assert all(scene.reference is None for scene in scenes)


def test_a_source_without_a_camera_is_in_the_scenes_of_all_cameras_of_its_clip():
    cameras = [lifted(camera=camera(view)) for view in (0, 2)]
    other = lifted(camera=camera(0), clip="clip1")
    scenes = scenes_from_sequences([*cameras, walker(camera=None), other])
    assert [(s.name, len(s.sequences)) for s in scenes] == [
        ("clip0 · cam0", 2),
        ("clip0 · cam2", 2),
        ("clip1 · cam0", 1),
    ]


def test_other_joints_are_mapped_and_what_is_derived_is_said():
    body = np.random.default_rng(0).normal(0, 1, (40, 25, 3)).astype(np.float32)
    other = walker(name="body_25", pose=body, skeleton=BODY_25)
    (scene,) = scenes_from_sequences([lifted(), other])
    wrist = SKELETON.joint_names.index("left_wrist")
    mapped = scene.sequences[1].pose
    np.testing.assert_array_equal(
        mapped[:, wrist], body[:, BODY_25.joint_names.index("left_wrist")]
    )
    assert scene.notes and scene.notes[0].startswith("body_25: ") and "derived" in scene.notes[0]


def test_two_sources_of_one_name_get_a_number_and_a_scene_refuses_what_does_not_fit():
    (scene,) = scenes_from_sequences([lifted(), lifted()])
    assert [s.name for s in scene.sequences] == ["lifted", "lifted 2"]
    for other in (walker(frames=3), walker(fps=30.0), walker(axes="camera")):
        with pytest.raises(GeoselfError) as error:
            Scene("x", "", (lifted(), other))
        assert error.value.code == 65


def test_the_reference_is_the_truth_else_the_triangulated_or_what_is_named():
    triangulated = walker(name="triangulated", noise=0.01)
    of = lambda *sequences, **options: scenes_from_sequences(sequences, **options)[0].reference  # noqa: E731
    assert of(lifted(), triangulated, walker()) == 2
    assert of(lifted(), triangulated) == 1
    assert of(lifted()) is None and of(walker()) is None
    assert of(lifted(), triangulated, walker(), reference="lifted") == 0
    empty = walker(pose=np.full((40, 17, 3), np.nan, np.float32))
    assert of(lifted(), triangulated, empty) == 1


@pytest.fixture(scope="module")
def predicted(tiny_recording):
    """Ground truth with noise, as a network might predict it."""
    rng = np.random.default_rng(3)
    pose = in_cameras(tiny_recording.pose_world, tiny_recording)
    root = pose[:, :, 0]
    pose = pose - root[:, :, None] + rng.normal(0, 0.03, pose.shape)
    pose -= pose[:, :, :1]
    return Prediction(pose.astype(np.float32), root + np.float32([0, 0, 0.2]))


def test_scenes_of_a_recording_are_its_clips_and_cameras(tiny_recording, predicted):
    scenes = scenes_from_recording(tiny_recording, prediction=predicted)
    assert len(scenes) == 6 * 4
    scene = scenes[0]
    assert [s.name for s in scene.sequences] == ["prediction", "ground truth", "triangulated"]
    assert (scene.name, scene.action, scene.reference) == ("clip0 · cam0", "walking", 1)
    assert scene.seen is scene.sequences[0] and scene.sequences[1].keypoints_2d is None
    root = scene.sequences[0].pose[:, 0] - scene.sequences[1].pose[:, 0]
    np.testing.assert_allclose(root @ camera().R.T, [[0, 0, 0.2]] * 40, atol=1e-4)
    one = scenes_from_recording(tiny_recording, ["cam1"], predicted)
    assert {choose_scenes.name_of(scene, "camera") for scene in one} == {"cam1"} and len(one) == 6


def test_frames_that_are_there_twice_are_shown_once_and_it_is_said(tiny_recording, predicted):
    twice = tiny_recording.frame_id.copy()
    twice[3] = twice[2]
    changed = dataclasses.replace(tiny_recording, frame_id=twice)
    words = (
        f"clip 'clip0': 1 frames are there more than once, first {twice[2]} - each is shown once"
    )
    with pytest.warns(UserWarning, match=words):
        scenes = scenes_from_recording(changed, ["cam1"], predicted)
    assert scenes[0].frames == 39


def test_people_of_one_clip_are_scenes_of_their_own(tiny_recording, predicted):
    """Two people with the frames of one clip: only the first was there."""
    alike = dataclasses.replace(tiny_recording, clip_id=tiny_recording.clip_id % 2)
    with warnings.catch_warnings(action="error"):
        scenes = scenes_from_recording(alike, ["cam1"], predicted)
    assert [scene.frames for scene in scenes] == [40] * 6
    people = [scene.sequences[0].subject for scene in scenes]
    assert sorted(people) == sorted(2 * tiny_recording.subject_names)


def test_the_table_of_actions_is_that_of_evaluate(tiny_recording, predicted):
    scores = ground_truth_scores(predicted, tiny_recording)
    table = action_table(scenes_from_recording(tiny_recording, prediction=predicted))
    assert table["groups"] == [
        "prediction against ground truth",
        "triangulated against ground truth",
    ]
    rows = {row["name"]: row["values"][:4] for row in table["rows"]}
    wanted = {**scores["per_action"], "all poses": scores}
    assert set(rows) == {*wanted, "mean of actions"}
    for name, row in wanted.items():
        expected = [row[key] for key in ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm", "poses")]
        np.testing.assert_allclose(rows[name], expected, rtol=1e-3)
    mean = [scores["action_mean"][key] for key in ("mpjpe_mm", "p_mpjpe_mm", "root_error_mm")]
    np.testing.assert_allclose(rows["mean of actions"][:3], mean, rtol=1e-3)
    assert report.COLUMNS["p_mpjpe_mm"] in table["columns"]


def test_without_a_reference_there_is_no_table_and_without_roots_no_root_error():
    assert action_table(scenes_from_sequences([lifted()])) is None
    relative = relative_to_root(lifted())
    (row,) = action_table(scenes_from_sequences([relative, walker()]))["rows"]
    assert row["name"] == "all poses" and row["values"][2] is None and row["values"][3] == 40


def test_a_recording_is_compared_with_poses_of_its_clip_and_camera(tiny_recording):
    poses = lifted(camera=camera(2), clip="clip0").replace(frame_id=np.arange(3, 43))
    poses = poses.replace(pose=poses.pose[:20], frame_id=poses.frame_id[:20])
    (scene,) = scenes_from_sequences(with_recording([poses], tiny_recording))
    assert [s.name for s in scene.sequences] == ["lifted", "ground truth", "triangulated"]
    assert scene.frame_id.tolist() == list(range(3, 23)) and scene.name == "clip0 · cam2"
    np.testing.assert_array_equal(scene.sequences[1].pose, tiny_recording.pose_world[3:23])
    np.testing.assert_array_equal(scene.seen.keypoints_2d, tiny_recording.keypoints_2d[3:23, 2])


def test_poses_that_name_no_clip_are_of_the_one_that_is_named(tiny_recording):
    poses = lifted(camera=camera(2), clip="").replace(frame_id=np.arange(3, 43))
    (scene,) = scenes_from_sequences(with_recording([poses], tiny_recording, "clip1"))
    assert scene.name == "clip1 · cam2"
    with pytest.raises(GeoselfError, match=r"--clip=clip7.*did you mean"):
        with_recording([poses], tiny_recording, "clip7")
    whole = tiny_recording.select(tiny_recording.clip_id == 0)
    whole = dataclasses.replace(whole, clip_names=tiny_recording.clip_names[:1])
    (scene,) = scenes_from_sequences(with_recording([poses], whole))
    assert scene.name == "clip0 · cam2"


def test_poses_of_a_track_are_of_the_clip_that_ends_with_its_name(tiny_recording):
    names = ("s1/male", "s1/female", "s2/male", "day1/s3/male", "s3/old male", "s4")
    recording = dataclasses.replace(tiny_recording, clip_names=names)

    def clip_of(name, given=None):
        (scene,) = scenes_from_sequences(
            with_recording([lifted(camera=camera(2), clip=name)], recording, given)
        )
        return scene.name.removesuffix(" · cam2")

    assert clip_of("female") == "s1/female" == clip_of("s1/female")
    assert clip_of("s3/male") == "day1/s3/male"
    assert clip_of("male", "s2/male") == "s2/male"
    with pytest.raises(GeoselfError, match="clips s1/male, s2/male, day1/s3/male end") as error:
        clip_of("male")
    assert error.value.code == 64 and "--clip=NAME" in str(error.value)
    with pytest.raises(GeoselfError, match="names clip 'ale'"):
        clip_of("ale")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip": "clip7"}, "clip 'clip7'"),
        ({"clip": ""}, "names no clip, and the recording has 6: clip0, clip1,"),
        ({"clip": ""}, "--clip=NAME, here or to lift; or leave --data out"),
        ({"camera": camera(0, "camX")}, "camera 'camX'"),
        ({"frame_id": np.arange(1000, 1040)}, "no frame"),
    ],
)
def test_a_recording_of_other_clips_cameras_or_frames_is_refused(tiny_recording, changes, message):
    with pytest.raises(GeoselfError, match=re.escape(message)) as error:
        with_recording([lifted(**changes)], tiny_recording)
    assert error.value.code == 64


def test_frames_are_chosen_by_number_and_thinned_to_a_total():
    scenes = scenes_from_sequences([lifted(), lifted(clip="clip1", frame_id=np.arange(100, 140))])
    assert [s.frames for s in choose_scenes.thinned(scenes, every=4)] == [10, 10]
    assert sum(s.frames for s in choose_scenes.thinned(scenes, most=20)) == 20
    assert choose_scenes.thinned(scenes, most=20)[0].frame_id.tolist() == list(range(0, 40, 4))
    (between,) = choose_scenes.between(scenes, 105, 110)
    assert between.frame_id.tolist() == list(range(105, 111))
    assert [s.name for s in choose_scenes.chosen(scenes, "clip1", "cam0")] == ["clip1 · cam0"]
    with pytest.raises(GeoselfError, match="did you mean 'clip1'"):
        choose_scenes.chosen(scenes, "clip_1", None)


def test_runs_encode_all_frame_numbers():
    for ids in ([], [7], [0, 1, 2, 3], [0, 2, 4, 5, 6, 20], [3, 9, 10]):
        decoded = [
            first + i * step for first, step, n in runs(np.array(ids, int)) for i in range(n)
        ]
        assert decoded == ids


@pytest.mark.parametrize("up", [(0, 0, 1), (0, -1, 0), (0, 1, 0), (1, 0, 0), (0.36, 0.48, 0.8)])
def test_the_page_s_axes_are_a_rotation_with_z_up(up):
    turn = z_up.basis(np.array(up, float))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn @ up, [0, 0, 1], atol=1e-12)


def test_worlds_far_from_their_origin_lose_nothing():
    far = lifted().pose.astype(np.float64) + [500_000, 0, 0]
    scene = scenes_from_sequences([lifted(pose=far.astype(np.float32), camera=None)])[0]
    assert np.abs(z_up.points(scene, 0)).max() < 100


def test_the_page_holds_its_policy_s_script_and_style_and_no_other():
    text = html_page.page(scenes_from_sequences([seen(lifted()), walker()]), "</title><b>x")
    assert re.findall(r"<script(?![^>]*type=)", text) == ["<script"]
    script = re.search(r"<script>(.*)</script>", text, re.S)[1]
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    policy = html_page.policy(style, script).replace("'", "&#x27;")
    assert f'content="{policy}"' in text and "unsafe" not in policy
    assert "<!--" not in script and "</" not in script
    assert "http" not in script.replace("http-equiv", "") and "url(" not in style
    assert "<b>x" not in text and "</b>" not in text
    assert "<link" not in text and " src=" not in text and " style=" not in text


def test_json_in_the_page_cannot_end_its_element_and_stays_the_same():
    value = {"a": "</script><!--&\u2028'\"\ud800", "b": [1.5, None]}
    text = html_page.json_text(value)
    assert not set("<>&\u2028\ud800") & set(text) and json.loads(text) == value
    with pytest.raises(ValueError, match="JSON"):
        html_page.json_text(float("nan"))


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "report.html"
    html_page.write_page(path, scenes_from_sequences([lifted()]), "named \udcff")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    before = path.read_bytes()
    with pytest.raises(GeoselfError) as error:
        html_page.write_page(path, [], "x")
    assert error.value.code == 65 and path.read_bytes() == before
    with pytest.raises(GeoselfError) as error:
        html_page.write_page(path / "under.html", scenes_from_sequences([lifted()]), "x")
    assert error.value.code == 74


def test_bodies_that_several_cameras_share_are_in_the_page_once(tiny_recording):
    scenes = scenes_from_recording(tiny_recording)
    _, blocks = page_facts(scenes, "x")
    clips, cameras = 6, 4
    assert len(blocks.found) == clips * 2 + clips * cameras * 2  # bodies; pixels and confidences


def test_the_colours_of_the_page_are_those_of_the_plots():
    for side, color in COLOR.items():
        assert f'{side}: "{color.lower()}"' in html_page.asset("colors.js")


def test_known_skeletons_of_a_face_and_no_pelvis_make_a_page():
    pose = np.random.default_rng(0).normal(0, 1, (4, 17, 3)).astype(np.float32)
    sequence = walker(frames=4, pose=pose, skeleton=COCO_17)
    assert "left_eye" in html_page.page(scenes_from_sequences([sequence]), "x")
