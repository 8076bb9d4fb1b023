import dataclasses
import itertools
import sys

import numpy as np
import pytest
from PIL import Image
from tiny import make_arrays

from geoself_jax.core.errors import INPUT_OUTPUT, UNAVAILABLE, USAGE, GeoselfError
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.data.poses.sequence import PoseCamera, PoseSequence
from geoself_jax.view import film, video_file
from geoself_jax.view.caption import Caption
from geoself_jax.view.choose_frames import frame_range, in_real_time, spread
from geoself_jax.view.drawn_poses import on_floor, poses_in_camera
from geoself_jax.view.film import write_film
from geoself_jax.view.film_frame import FrameRenderer
from geoself_jax.view.line_segments import COLOR, REFERENCE
from geoself_jax.view.plots import new_figure
from geoself_jax.view.scene import PREDICTION, TRUTH, Scene
from geoself_jax.view.stills import write_stills

GONE = 20  # from this frame on, nothing was seen and nothing lifted
WIDTH = 320


@pytest.fixture(scope="module")
def scene():
    """A clip of 40 frames at 25 a second, the second half without a person; truth throughout."""
    arrays = make_arrays()
    camera = PoseCamera(
        "cam0",
        *(arrays["K"][0, 0], (1000, 1000)),
        *(arrays["R"][0, 0], arrays["center"][0, 0]),
    )
    truth = arrays["pose_world"][:40]
    lifted = truth + np.random.default_rng(0).normal(0, 0.03, truth.shape).astype(np.float32)
    pixels, confidence = arrays["keypoints_2d"][:40, 0].copy(), arrays["confidence"][:40, 0].copy()
    lifted[GONE:], pixels[GONE:], confidence[GONE:] = np.nan, np.nan, 0
    common = dict(
        skeleton=H36M_17,
        fps=25.0,
        frame_id=np.arange(40),
        axes="world",
        up=np.array([0.0, 0, 1]),
        camera=camera,
    )
    first = PoseSequence(
        PREDICTION, lifted, **common, keypoints_2d=pixels, confidence=confidence, action="waving"
    )
    second = PoseSequence(TRUTH, truth, **common)
    return Scene("clip0 · <b>$x_1$ cam0", "waving", (first, second), reference=1)


def gif_frames(path):
    """Returns all frames and the duration of each, milliseconds."""
    with Image.open(path) as gif:
        assert gif.format == "GIF"
        frames, times = [], []
        for k in range(gif.n_frames):
            gif.seek(k)
            frames.append(np.asarray(gif.convert("RGB")))
            times.append(gif.info["duration"])
    return np.array(frames), times


def shows(image, color, near=8):
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(image[..., :3].astype(int) - wanted).max(-1) <= near).any()


def sequence_changed(scene, **changes):
    first, *others = scene.sequences
    return dataclasses.replace(scene, sequences=(first.replace(**changes), *others))


@pytest.fixture(scope="module")
def gif(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "new" / "film.gif"
    assert write_film(path, scene, width=WIDTH) == 20
    return path


def test_a_gif_keeps_the_videos_time(gif):
    frames, times = gif_frames(gif)
    assert frames.shape[0] == 20 and frames.shape[2] == WIDTH
    assert sum(times) == 1600  # 40 frames at 25 a second
    assert [file.name for file in gif.parent.iterdir()] == ["film.gif"]


def test_in_a_film_something_moves_and_left_and_right_have_their_colours(gif):
    frames, _ = gif_frames(gif)
    assert all((a != b).any() for a, b in itertools.pairwise(frames))
    for frame in frames[:10]:
        assert all(shows(frame, color, 24) for color in COLOR.values())
        assert shows(frame, "#FFFFFF", 0)


def test_frames_without_a_person_say_so_and_show_no_bones(scene):
    renderer = FrameRenderer(scene, np.arange(40), WIDTH, turns=False)
    body = slice(renderer.size[1] // 8, renderer.size[1] * 4 // 5)  # no caption, no legend
    there, gone = (renderer.draw(i, i)[body].copy() for i in (GONE - 1, GONE))
    lacking = renderer.draw(41, -1)[body].copy()
    for side in ("left", "right"):
        assert shows(there, COLOR[side])
        assert not shows(gone, COLOR[side]) and not shows(lacking, COLOR[side])
    truth = (gone != lacking).any(-1)  # is still there when the prediction is not
    assert truth.sum() > 100 and shows(gone[truth], REFERENCE)
    notes = [part.artists[-1] for part in renderer._parts]
    assert [note.get_text() for note in notes] == ["no detection", "no pose", "no pose"]
    for index, said in ((GONE - 1, False), (GONE, True), (-1, True)):
        renderer.draw(0, index)
        assert all(note.get_visible() == said for note in notes)


def test_the_same_frame_is_drawn_the_same_whatever_came_before(scene):
    renderer = FrameRenderer(scene, np.arange(40), WIDTH, turns=True)
    wanted = renderer.draw(3, 3, 30.0).copy()
    for index in (30, -1, 7):
        assert (renderer.draw(index, index, 10.0) != wanted).any()
    assert (renderer.draw(3, 3, 30.0) == wanted).all()
    assert (renderer.draw(3, 3, 31.0) != wanted).any()
    assert (renderer.draw(3, 3, 390.0) == wanted).all()  # once round


def test_frames_have_even_sides_for_any_width(scene):
    for width in (201, 333):
        renderer = FrameRenderer(scene, np.arange(5), width, turns=False)
        assert renderer.size[0] == width - 1 and renderer.size[1] % 2 == 0
        assert renderer.draw(0, 0).shape == (renderer.size[1], renderer.size[0], 4)


def test_an_mp4_is_read_back_with_its_frames_rate_and_colours(scene, tmp_path):
    reader = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    path = tmp_path / "50% -film.mp4"
    assert write_film(path, scene, width=WIDTH, speed=0.5, turn=90) == 40
    frames = reader.read_frames(str(path))
    about = next(frames)
    assert about["codec"] == "h264" and about["fps"] == 12.5 and about["duration"] == 3.2
    assert about["size"][0] == WIDTH
    width, height = about["size"]
    images = np.array([np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in frames])
    assert len(images) == 40
    assert all((a != b).any() for a, b in itertools.pairwise(images))
    for color in (COLOR["left"], COLOR["right"]):
        assert shows(images[0], color, 40)  # chroma has a quarter of the pixels
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_without_imageio_ffmpeg_an_mp4_is_refused_with_the_line_that_installs_it(
    scene, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(GeoselfError, match=r"pip install .*\[film\]") as refused:
        write_film(tmp_path / "a.mp4", scene, width=WIDTH)
    assert refused.value.code == UNAVAILABLE and not list(tmp_path.iterdir())


@pytest.mark.parametrize("program", ["false", "nowhere/ffmpeg"])
def test_an_ffmpeg_that_fails_leaves_the_old_film(program, scene, tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program)
    (tmp_path / "a.mp4").write_text("old")
    with pytest.raises(GeoselfError) as refused:
        write_film(tmp_path / "a.mp4", scene, width=WIDTH)
    assert refused.value.code == INPUT_OUTPUT and "\n" not in str(refused.value)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_what_makes_no_film_is_refused(scene, tmp_path, monkeypatch):
    monkeypatch.setitem(film._MOST, ".gif", 30)
    for name, options in {
        "a.avi": {},
        "fps.gif": {"fps": 51},
        "none.gif": {"fps": float("nan")},
        "speed.gif": {"speed": 0},
        "width.gif": {"width": 8},
        "turn.gif": {"turn": 1e9},
        "frames.gif": {"first": 40},
        "many.gif": {"fps": 25},
    }.items():
        with pytest.raises(GeoselfError) as refused:
            write_film(tmp_path / name, scene, **options)
        assert refused.value.code == USAGE, name
    assert not list(tmp_path.iterdir())


def test_moments_keep_the_videos_time_and_say_what_is_missing(scene):
    real = in_real_time(scene, 0, 39, 50, 1)
    assert real.frame.tolist() == [k // 2 for k in range(80)]
    slow = in_real_time(scene, 10, 19, 5, 0.5)
    assert slow.frame.tolist() == [10, 12, 15, 17]
    thin = in_each(scene, np.r_[0:40:2, 60:70:2])
    shown = in_real_time(thin, 0, 68, 25, 1)
    assert shown.scene_index[:4].tolist() == [0, 0, 1, 1]
    assert (shown.scene_index[40:60] == -1).all() and shown.scene_index[60] == 20
    with pytest.raises(GeoselfError, match="it has 0 to 39"):
        frame_range(scene, 50, 60)


def in_each(scene, frame_id):
    """The first frames of a scene under other numbers."""
    sequences = [
        s.replace(frame_id=frame_id, pose=s.pose[: len(frame_id)], keypoints_2d=None)
        for s in (s.replace(confidence=None) for s in scene.sequences)
    ]
    return dataclasses.replace(scene, sequences=tuple(sequences))


def test_stills_show_frames_that_have_a_pose(scene):
    assert spread(scene, 0, 39, 4).frame.tolist() == [2, 7, 12, 17]
    assert spread(scene, GONE, 39, 2).frame.tolist() == [25, 35]
    assert len(spread(scene, 0, 2, 10).frame) == 3


def test_stills_are_drawn_without_a_display(scene, tmp_path):
    seen, blind = tmp_path / "seen.png", tmp_path / "blind.png"
    write_stills(seen, scene, count=2, width=WIDTH)
    write_stills(blind, in_each(scene, np.arange(10)), count=2, width=WIDTH)
    with Image.open(seen) as image, Image.open(blind) as lower:
        assert image.format == "PNG" and abs(image.width - WIDTH) < 60
        assert lower.height < 0.7 * image.height  # no row of images without detections
        drawn = np.asarray(image.convert("RGB"))
    assert all(shows(drawn, color, 24) for color in (*COLOR.values(), REFERENCE))
    with pytest.raises(GeoselfError, match="at least one is required"):
        write_stills(seen, scene, count=0)


def test_world_and_camera_axes_give_the_same_poses(scene):
    found = poses_in_camera(scene)
    camera = scene.sequences[0].camera
    moved = (scene.sequences[1].pose - camera.center) @ camera.R.T
    np.testing.assert_allclose(found[TRUTH], moved - moved[:, :1], atol=1e-5)


def test_bodies_stand_on_the_floor(scene):
    poses = [pose for pose in poses_in_camera(scene).values()]
    stood = np.stack(on_floor(poses))
    np.testing.assert_allclose(np.nanmin(stood[..., 1], axis=(0, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(stood[1] - stood[0], poses[1] - poses[0], atol=1e-6)


def test_a_scene_of_nothing_but_gaps_is_filmed(scene, tmp_path):
    empty = sequence_changed(scene, pose=np.full_like(scene.sequences[0].pose, np.nan))
    alone = dataclasses.replace(empty, sequences=empty.sequences[:1], reference=None)
    assert write_film(tmp_path / "a.gif", alone, width=WIDTH, first=GONE, fps=5) == 4


def test_a_caption_ends_at_its_corner_and_stays_in_the_image():
    image = np.zeros((40, 100, 4), np.uint8)
    caption = Caption(100)
    caption.put(image, "7.5 s", 90, 2)
    inside = image.any(-1)
    assert inside[:, 89].any() and not inside[:, 90:].any() and not inside[:2].any()
    assert (image[inside][:, :3] < 128).any()  # ink
    caption.put(image, "1234567890" * 9, 90, 2)
    assert not image[:, 90:].any()


def test_colours_of_a_palette_are_the_nearest(tmp_path):
    figure = new_figure(1, 1, 50)
    figure.canvas.draw()
    image = np.array(figure.canvas.buffer_rgba())
    image[:10], image[10:20] = (0, 114, 178, 255), (213, 94, 0, 255)
    video_file.write_gif(tmp_path / "a.gif", iter([image, image[::-1]]), [image], 10)
    frames, _ = gif_frames(tmp_path / "a.gif")
    assert np.abs(frames[0].astype(int) - image[..., :3]).max() <= 8
    assert np.abs(frames[1].astype(int) - image[::-1, :, :3]).max() <= 8
