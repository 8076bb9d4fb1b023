"""Poses drawn on the video that they were lifted from: a film, and a page in time with it."""

import dataclasses

import numpy as np
import pytest
from browsers import Tab, browser
from filmed import write_video
from walkers import camera, seen, walker

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.angles.angle_files import write_angles
from geoself_jax.data.angles.angle_sequence import AngleSequence
from geoself_jax.data.files.video_frames import even_times, read_video_info
from geoself_jax.data.poses.formats import read_poses, write_poses
from geoself_jax.geometry.lenses import Lens, distort_pixels, undistort_pixels
from geoself_jax.view import __main__ as view
from geoself_jax.view import page_video, video_file
from geoself_jax.view.build_scenes import scenes_from_sequences
from geoself_jax.view.choose_scenes import between
from geoself_jax.view.line_segments import COLOR
from geoself_jax.view.matched_video import match_video
from geoself_jax.view.overlay_frame import OverlayRenderer
from geoself_jax.view.overlay_parts import OverVideo
from geoself_jax.view.plots import new_figure, place_axes
from geoself_jax.view.shown_angles import angles_of_video
from geoself_jax.view.video_joints import video_joints

pytest.importorskip("av", reason="av is not installed")
pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is not installed")

LENS = Lens((-0.2, 0.05, 0.001, -0.002))
FRAMES, LAST = 12, 9  # of the video, and the last that has a pose
SIZE = 250  # px, a quarter of the tiny rig's: a small camera's video
GREY = 40, 15  # brightness of frame n: 40 + 15 n


def small_camera(lens=LENS):
    own = camera()
    K = own.K * np.array([[SIZE / 1000], [SIZE / 1000], [1]])
    return dataclasses.replace(own, K=K, image_size=(SIZE, SIZE), lens=lens)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """lifted.npz, ten frames, and video.mp4, whose frame n is as bright as n says."""
    path = tmp_path_factory.mktemp("overlay")
    person = seen(walker(LAST + 1, camera=small_camera(), name="lifted"))
    write_poses(person, path / "lifted.npz")
    images = (np.full((SIZE, SIZE, 4), GREY[0] + GREY[1] * n, np.uint8) for n in range(FRAMES))
    video_file.write_mp4(path / "video.mp4", images, (SIZE, SIZE), 25.0, quality=10)
    return path


@pytest.fixture
def scene(folder):
    (found,) = scenes_from_sequences([read_poses(folder / "lifted.npz")])
    return found


def test_joints_are_drawn_where_the_lens_shows_them(scene):
    (sequence,), joints = scene.sequences, video_joints(scene)
    own = sequence.camera
    assert own.lens == LENS and joints.notes == ()
    ray = (sequence.pose - own.center) @ own.R.T
    flat = (ray / ray[..., 2:] @ own.K.T)[..., :2]
    np.testing.assert_allclose(joints.reprojected[0], distort_pixels(flat, own.K, LENS), atol=1e-2)
    np.testing.assert_allclose(
        undistort_pixels(joints.detected, own.K, LENS), sequence.keypoints_2d, atol=1e-3
    )
    assert np.nanmax(np.abs(joints.reprojected[0] - flat)) > 0.5


def test_what_is_not_known_is_said_and_what_has_no_place_is_not_drawn(scene):
    (sequence,) = scene.sequences
    pinhole = dataclasses.replace(sequence.camera, lens=None)
    (bare,) = scenes_from_sequences([sequence.replace(camera=pinhole, root_relative=True)])
    joints = video_joints(bare)
    assert joints.reprojected == (None,)
    assert "--root=absolute" in joints.notes[0] and "lens is not known" in joints.notes[1]
    (blind,) = scenes_from_sequences([walker(4, camera=None)])
    with pytest.raises(GeoselfError, match="no source says its camera"):
        video_joints(blind)


@pytest.mark.parametrize(
    ("times", "fps", "frames", "shown"),
    [
        (range(12), 15.0, 6, [0, 2, 4, 6, 8, 10]),  # detect --fps=15
        (range(12), 15.0, 12, range(12)),  # numbered by another detector
        (range(12), 240.0, 12, range(12)),  # slow motion
        ([*range(6), *range(10, 16)], 30.0, 16, [*range(6), 5, 5, 6, 6, *range(6, 12)]),
        ([*range(6), *range(10, 16)], 30.0, 12, range(12)),
    ],
)
def test_frames_of_a_video_are_those_that_detect_looked_at(tmp_path, times, fps, frames, shown):
    path = write_video(tmp_path / "spot.mp4", 12, times=list(times))
    poses = walker(frames, camera=dataclasses.replace(small_camera(), image_size=(96, 64)))
    (scene,) = scenes_from_sequences([poses.replace(fps=fps)])
    images = match_video(path, scene).frames(range(frames))
    spots = [image[20].sum(-1).argmax() for image in images]
    np.testing.assert_allclose(spots, 10 + 4 * np.array(shown), atol=3)


@pytest.mark.parametrize(("fps", "frames"), [(5.0, [0, 5, 10]), (50.0, range(11))])
def test_angles_at_another_rate_are_those_of_the_same_time(tmp_path, fps, frames):
    """A .mot of every fifth frame has no frame numbers: its rows were drawn in frames 0, 1, 2."""
    count = len(frames) if fps < 25 else 21
    degrees = np.arange(count, dtype=np.float32)[:, None]
    file = tmp_path / "a.mot"
    write_angles(AngleSequence("a", ("knee_angle_r",), degrees, fps, np.arange(count)), file)
    found = angles_of_video([str(file)], walker(40))
    assert found.frame_id.tolist() == list(frames)
    np.testing.assert_allclose(found.degrees[:, 0] / fps, np.array(frames) / 25, atol=1e-6)


def test_each_person_of_a_scene_has_their_own_rings(scene):
    (sequence,) = scene.sequences
    moved = sequence.keypoints_2d + 20
    other = sequence.replace(name="other", subject="b", keypoints_2d=moved)
    model = sequence.replace(name="another model")
    two = dataclasses.replace(scene, sequences=(sequence, other, model))
    joints = video_joints(two)
    ((pixels, confidence),) = joints.others
    own = sequence.camera
    np.testing.assert_allclose(pixels, distort_pixels(moved, own.K, LENS), equal_nan=True)
    axes = place_axes(new_figure(2, 2), 0, 0, 2, 2)
    over = OverVideo(axes, joints, sequence.skeleton)
    over.show(3, 0.0)
    seen = [(each[3] > 0).sum() for each in (sequence.confidence, confidence)]
    assert len(over.artists[-1].get_offsets()) == sum(seen)
    assert len(over.artists[0].get_segments()) == 2 * len(sequence.skeleton.bones)
    over.show(-1, 0.0)
    assert not any(artist.get_visible() for artist in over.artists)


def test_each_frame_of_the_video_is_that_of_its_number(folder, scene):
    video = match_video(folder / "video.mp4", scene)
    shades = [image.mean() for image in video.frames([0, 0, 3, 4, 9])]
    np.testing.assert_allclose(shades, GREY[0] + GREY[1] * np.array([0, 0, 3, 4, 9]), atol=2)
    assert video.notes == ()
    slow = dataclasses.replace(scene, sequences=(scene.sequences[0].replace(fps=50.0),))
    assert "25 frames per second, the poses at 50" in match_video(video.path, slow).notes[0]


@pytest.mark.parametrize("fps", [None, 15.0])
def test_poses_of_even_times_are_on_the_frames_that_detect_looked_at(tmp_path, scene, fps):
    """Frames 3 to 5 are missing, as in a phone's video; or it is looked at half as often."""
    images = write_video(
        tmp_path / "a.mp4", 12, size=(SIZE, SIZE), times=[*range(3), *range(6, 15)]
    )
    even = even_times(read_video_info(images).seconds, fps)
    assert len(even.frame) == (15 if fps is None else 8)
    person = seen(walker(len(even.frame), camera=small_camera(), name="lifted"))
    (found,) = scenes_from_sequences([person.replace(fps=even.rate)])
    video = match_video(images, found)
    spots = [np.median(np.nonzero(i[20, :, 0] > 128)[0]) for i in video.frames(found.frame_id)]
    np.testing.assert_allclose(spots, 10 + 4 * even.frame, atol=1)
    assert len(video.notes) == 1 and "matched by time" in video.notes[0]
    (first,) = between([found], 0, 5)
    part = match_video(images, first, found.frames)
    np.testing.assert_array_equal(part.even, video.even)


def test_a_film_shows_the_video_with_bones_rings_and_the_body_next_to_it(
    folder, monkeypatch, capsys
):
    import imageio_ffmpeg

    monkeypatch.chdir(folder)
    words = "--poses lifted.npz --video=video.mp4 --out=o.mp4 --width=640"
    assert view.main(words.split()) == 0
    assert "o.mp4: 10 frames" in capsys.readouterr().out
    frames = imageio_ffmpeg.read_frames("o.mp4")
    about = next(frames)
    width, height = about["size"]
    assert width == 640 and about["fps"] == 25
    images = [np.frombuffer(f, np.uint8).reshape(height, width, 3).astype(int) for f in frames]
    assert len(images) == LAST + 1
    for n, image in enumerate(images):
        assert abs(image[4, 4] - GREY[0] - GREY[1] * n).max() < 5
        for half in (image[:, :height], image[:, height:]):  # on the video, and next to it
            for side in ("left", "right"):
                wanted = [int(COLOR[side][i : i + 2], 16) for i in (1, 3, 5)]
                assert (abs(half - wanted).max(-1) < 48).sum() > 5, (n, side)


@pytest.mark.parametrize(("size", "left"), [((960, 64), 440), ((64, 960), 40)])
def test_a_video_that_is_a_strip_is_shown_next_to_a_body_of_some_height(scene, size, left):
    joints = video_joints(scene)
    renderer = OverlayRenderer(scene, joints, size, np.arange(LAST + 1), 640)
    image = renderer.draw(np.full((size[1], size[0], 3), 90, np.uint8), 0, 0)
    assert image.shape[:2] == renderer.size[::-1] and image.shape[0] >= 160
    right = image[:, left:, :3].astype(int)
    for side in ("left", "right"):
        wanted = [int(COLOR[side][i : i + 2], 16) for i in (1, 3, 5)]
        assert (abs(right - wanted).max(-1) < 48).sum() > 5
    assert (image[:6, :6, :3] == 90).all()  # the video is at the upper left


@pytest.mark.parametrize("size", [(5000, 2), (2, 5000), (2000, 1)])
def test_a_video_thinner_than_a_pixel_of_the_film_is_drawn_as_one(scene, size):
    renderer = OverlayRenderer(scene, video_joints(scene), size, np.arange(LAST + 1), 640)
    image = renderer.draw(np.full((size[1], size[0], 3), 90, np.uint8), 0, 0)
    assert image.shape[:2] == renderer.size[::-1] and (image[0, 0, :3] == 90).all()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--video=video.mp4 --out=refused.gif", USAGE, "--video"),
        ("--video=short.mp4 --out=refused.mp4", DATA, "short.mp4: 5 frames"),
        ("--video=wide.mp4 --out=refused.html", DATA, "wide.mp4: 252 x 250 pixels"),
        ("other.npz --video=video.mp4 --out=refused.mp4", USAGE, "it is of one scene"),
        ("--video=none.mp4 --out=refused.mp4", 66, "none.mp4"),
        ("--video=lifted.npz --out=refused.mp4", DATA, "lifted.npz"),
    ],
)
def test_a_video_that_is_not_theirs_is_one_line(folder, monkeypatch, words, code, message):
    monkeypatch.chdir(folder)
    if not (folder / "short.mp4").exists():
        for name, width, count in (("short", SIZE, 5), ("wide", SIZE + 2, FRAMES)):
            images = (np.zeros((SIZE, width, 4), np.uint8) for _ in range(count))
            video_file.write_mp4(folder / f"{name}.mp4", images, (width, SIZE), 25.0)
        write_poses(walker(9, camera=camera(2)), "other.npz")
    with pytest.raises(GeoselfError) as refused:
        view.main(["--poses", "lifted.npz", *words.split()])
    assert refused.value.code == code and message in str(refused.value)
    assert "\n" not in str(refused.value) and not list(folder.glob("refused.*"))


def test_a_video_too_large_for_a_page_is_refused(folder, scene, monkeypatch):
    monkeypatch.setattr(page_video, "MOST_BYTES", 100)
    video = match_video(folder / "video.mp4", scene)
    with pytest.raises(GeoselfError, match="--every"):
        page_video.page_video(scene, video, video_joints(scene))


def test_a_page_shows_the_videos_frame_where_it_stands_and_while_it_plays(folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = "--poses lifted.npz --video=video.mp4 --out=page.html --first=2 --every=2"
    assert view.main(words.split()) == 0
    with browser() as opened:
        tab = Tab(opened, folder / "page.html").ready()
        if "H.264" in tab.text("#banner"):
            pytest.skip("this browser does not play H.264")
        tab.page.click("#whole")
        now = (
            "() => { const c = document.querySelector('#picture'), g = c.getContext('2d');"
            " const side = Math.min(c.width, c.height);"
            " const [x, y] = [c.width, c.height].map(all => (all - side) / 2 + 0.03 * side);"
            " const shade = g.getImageData(x, y, 1, 1).data[0];"
            " return [Number(document.querySelector('#slider').value), shade]; }"
        )

        def agrees(found):
            frame, shade = found
            return abs(shade - GREY[0] - GREY[1] * (frame - frame % 2)) < 5

        for frame in (2, 8, 4, 6, 3):
            tab.choose_frame(frame)
            wanted = GREY[0] + GREY[1] * (frame - frame % 2)
            tab.page.wait_for_function(f"Math.abs(({now})()[1] - {wanted}) < 5")
            assert tab.frame() == frame
        tab.page.select_option("#speed", "0.5")
        tab.page.click("#play")
        met = set()
        for _ in range(60):
            found = tab.page.evaluate(now)
            assert agrees(found), found
            met.add(found[0])
            tab.page.wait_for_timeout(15)
        assert met | {3} == {2, 3, 4, 6, 8}
        assert [line for line in tab.wrong if "readback" not in line] == []  # the test's own
        assert all(url.startswith(("file:", "blob:")) for url in tab.requests)
        tab.close()


@pytest.fixture(scope="module")
def uneven(folder):
    """Frames 0 to 11 of the video but 4 and 5, each at its own time: a phone's variable rate."""
    import av

    kept = [n for n in range(FRAMES) if n not in (4, 5)]
    path = folder / "uneven.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width = stream.height = SIZE
        for n in kept:
            image = np.full((SIZE, SIZE, 3), GREY[0] + GREY[1] * n, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("count", "fps", "shown"),
    [
        (12, 25.0, [0, 1, 2, 3, 3, 6, 6, 7, 8, 9, 10, 11]),  # as `detect` made it even
        (7, 25.0, [0, 1, 2, 3, 3, 6, 6]),  # its beginning
        (10, 25.0, [0, 1, 2, 3, 6, 7, 8, 9, 10, 11]),  # another detector: one for each frame
        (6, 12.5, [0, 2, 3, 6, 8, 10]),  # detect --fps=12.5
        (5, 200.0, [0, 1, 2, 3, 6]),  # slow motion, stored at 25
    ],
)
def test_poses_at_even_times_get_the_frames_of_their_times(uneven, scene, count, fps, shown):
    (sequence,) = scene.sequences
    own = sequence.camera
    moved = walker(count, camera=own).replace(fps=fps)
    (found,) = scenes_from_sequences([moved])
    video = match_video(uneven, found)
    shades = [image.mean() for image in video.frames(range(count))]
    wanted = GREY[0] + GREY[1] * np.array(shown)
    np.testing.assert_allclose(shades, wanted, atol=6)
    by_number = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11][:count]
    assert ("matched by time" in "".join(video.notes)) == (shown != by_number)


@pytest.mark.parametrize(("count", "shade"), [(12, 3), (10, 6)])
def test_a_part_of_the_poses_is_matched_as_all_of_them(
    uneven, folder, scene, monkeypatch, capsys, count, shade
):
    """Frame 4 of even times is the video's third, of a detector that counts frames the sixth."""
    import imageio_ffmpeg

    monkeypatch.chdir(folder)
    own = scene.sequences[0].camera
    write_poses(walker(count, camera=own).replace(fps=25.0), "part.npz")
    words = "--poses part.npz --video=uneven.mp4 --out=part.mp4 --width=640 --first=4 --last=4"
    assert view.main(words.split()) == 0
    assert ("matched by time" in capsys.readouterr().out) == (count == 12)
    frames = imageio_ffmpeg.read_frames("part.mp4")
    width, height = next(frames)["size"]
    image = np.frombuffer(next(frames), np.uint8).reshape(height, width, 3).astype(int)
    assert abs(image[4, 4] - GREY[0] - GREY[1] * shade).max() < 8


def test_a_video_that_ends_before_the_poses_in_time_is_refused(uneven, scene):
    longer = walker(FRAMES + 1, camera=scene.sequences[0].camera).replace(fps=25.0)
    (found,) = scenes_from_sequences([longer])
    with pytest.raises(GeoselfError, match="10 frames"):
        match_video(uneven, found)


def test_a_video_cut_by_less_than_a_block_is_drawn_with_a_note(folder, scene):
    (sequence,) = scene.sequences
    wide = dataclasses.replace(sequence.camera, image_size=(SIZE + 8, SIZE))
    (found,) = scenes_from_sequences([sequence.replace(camera=wide)])
    (note,) = match_video(folder / "video.mp4", found).notes
    assert "250 x 250 pixels, the camera has 258 x 250" in note and "not if it is resized" in note
    for size in ((SIZE + 16, SIZE), (SIZE - 2, SIZE)):
        far = dataclasses.replace(sequence.camera, image_size=size)
        (other,) = scenes_from_sequences([sequence.replace(camera=far)])
        with pytest.raises(GeoselfError, match="not cropped or scaled"):
            match_video(folder / "video.mp4", other)
