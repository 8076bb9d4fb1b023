import dataclasses
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from geoself_jax.core.errors import DATA, INPUT_OUTPUT, GeoselfError
from geoself_jax.core.skeleton import H36M_17, Skeleton
from geoself_jax.view import line_segments, plots
from geoself_jax.view.axes import draw_poses
from geoself_jax.view.plots import PosePlot, draw_hero, draw_lifted, lifted_image

FACE = Skeleton(("nose", "left_eye", "right_eye"), (-1, 0, 0), ((1, 2),), 0)
CHAIN = Skeleton(("a", "b", "c", "d", "e"), (-1, 0, 1, 2, 3), (), 2)
DOTS = Skeleton(("a", "b"), (-1, -1), (), 0)


def a_plot(skeleton=H36M_17, *, title="walking", names=("prediction", "ground truth"), seed=0):
    rng = np.random.default_rng(seed)
    pose = rng.normal(0, 0.4, (skeleton.joints, 3))
    pose -= pose[skeleton.root]
    return PosePlot(
        title,
        keypoints_2d=500 + 300 * pose[:, :2],
        confidence=rng.uniform(0.2, 1, skeleton.joints),
        image_size=(1000, 1002),
        poses={name: pose + 0.05 * i for i, name in enumerate(names)},
    )


def pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def shows(image, color):
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(image[::2, ::2].astype(np.int16) - wanted).max(-1) <= 2).any()


def segments_drawn(plot):
    axes = Figure().add_subplot()
    draw_poses(axes, plot, [plot], H36M_17, 0)
    return len(axes.collections[-2 if len(plot.poses) > 1 else -1].get_segments())


@pytest.fixture
def coarse(monkeypatch):
    monkeypatch.setattr(plots, "_DPI", 50)


@pytest.fixture(scope="module")
def three_rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawing") / "new" / "lifted.png"
    draw_lifted(path, [a_plot(seed=i) for i in range(3)], H36M_17, title="Lifted")
    return path


def test_three_rows_are_a_small_png_of_a_readme_s_size(three_rows):
    height, width, _ = pixels(three_rows).shape
    assert 1500 < width < 2000
    assert 1500 < height < 2500
    assert three_rows.stat().st_size <= 200_000


def test_left_right_middle_and_the_reference_are_all_there(three_rows):
    image = pixels(three_rows)
    assert all(
        shows(image, color) for color in (*line_segments.COLOR.values(), line_segments.REFERENCE)
    )


def test_only_the_png_is_left_in_the_folder(three_rows):
    assert [file.name for file in three_rows.parent.iterdir()] == ["lifted.png"]


def test_columns_are_wider_than_high(coarse, tmp_path):
    draw_hero(tmp_path / "hero.png", [a_plot(seed=i) for i in range(4)], H36M_17)
    height, width, _ = pixels(tmp_path / "hero.png").shape
    assert width > 1.5 * height


def test_the_same_plots_give_the_same_bytes(coarse, tmp_path):
    for name in ("a.png", "b.png"):
        draw_hero(tmp_path / name, [a_plot(FACE)], FACE)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_missing_joints_leave_out_their_bones_only(coarse, tmp_path):
    plot = a_plot()
    plot.keypoints_2d[3], plot.confidence[3] = np.nan, 0
    plot.poses["prediction"][5] = np.nan
    plot.poses["ground truth"][:] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_lifted(tmp_path / "a.png", [plot], H36M_17)
    whole, missing = segments_drawn(a_plot()), segments_drawn(plot)
    assert missing == whole - 2 * 2  # two bones meet at that knee, each with its cut


def test_a_plot_without_detections_is_drawn_empty(coarse, tmp_path):
    plot = a_plot()
    plot.keypoints_2d[:], plot.confidence[:] = np.nan, 0
    plot.poses["prediction"][:] = np.nan
    none = PosePlot("none", plot.keypoints_2d, plot.confidence, (64, 48), {})
    draw_lifted(tmp_path / "a.png", [none, plot], H36M_17)
    draw_hero(tmp_path / "b.png", [none], H36M_17)
    assert pixels(tmp_path / "a.png").size


@pytest.mark.parametrize("skeleton", [FACE, CHAIN, DOTS], ids=["face", "chain", "dots"])
def test_other_skeletons_are_drawn(skeleton, coarse, tmp_path):
    draw_hero(tmp_path / "a.png", [a_plot(skeleton)], skeleton)
    assert pixels(tmp_path / "a.png").size


def test_joints_without_bones_are_points_also_in_space():
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_axis_off()
    plot = a_plot(DOTS, names=("prediction",))
    draw_poses(axes, plot, [plot], DOTS, 0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert shows(np.asarray(canvas.buffer_rgba())[..., :3], line_segments.COLOR["middle"])


def test_markup_in_names_is_drawn_as_it_stands(coarse, tmp_path):
    odd = r"$\frac{1$ \alpha_{ <b>50%</b> $"
    plot = a_plot(FACE, title=odd, names=(odd, "x$_$"))
    draw_lifted(tmp_path / "a.png", [plot], FACE, title=odd)
    assert pixels(tmp_path / "a.png").size


@pytest.mark.parametrize("size", [1e3, 1e10, 1e30])
def test_poses_beyond_sense_as_of_a_network_that_diverged_are_drawn_at_once(size):
    plot = a_plot()
    far = {"prediction": plot.poses["prediction"] * size, "ground truth": plot.poses["prediction"]}
    lost = dataclasses.replace(plot, poses=far)
    image = plots.lifted_image([lost], H36M_17)
    assert image.ndim == 3 and len(line_segments.floor_lines(0, size, 0)) <= 2 * 401


def test_a_long_title_is_cut_and_does_not_widen_the_figure(coarse, tmp_path):
    for name, title in (("short.png", "a"), ("long.png", "a long title " * 50)):
        draw_hero(tmp_path / name, [a_plot(FACE, title=title)], FACE)
    short, long = (pixels(tmp_path / name).shape for name in ("short.png", "long.png"))
    assert long[1] <= short[1]


def test_no_plot_is_an_error(tmp_path):
    with pytest.raises(GeoselfError, match="no frame to draw") as error:
        draw_lifted(tmp_path / "a.png", [], H36M_17)
    assert error.value.code == DATA


def test_a_pose_of_another_skeleton_is_an_error_with_its_name(tmp_path):
    with pytest.raises(GeoselfError, match=r"'walking': keypoints_2d of shape \(3, 2\)") as error:
        draw_hero(tmp_path / "a.png", [a_plot(FACE)], H36M_17)
    assert error.value.code == DATA


def test_a_folder_that_cannot_be_made_is_an_error_of_the_disk(coarse, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GeoselfError) as error:
        draw_hero(tmp_path / "file" / "a.png", [a_plot(FACE)], FACE)
    assert error.value.code == INPUT_OUTPUT


def test_a_level_camera_s_axes_are_right_up_away():
    right_down_forward = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(line_segments.upright(right_down_forward, (0, -1, 0)), [[1, -2, 3]])


def test_a_tilted_camera_s_upright_person_stands_upright():
    tilt = np.radians(25)
    up = np.array([0, -np.cos(tilt), -np.sin(tilt)])
    np.testing.assert_allclose(line_segments.upright(1.7 * up[None], up), [[0, 1.7, 0]], atol=1e-12)


@pytest.mark.parametrize("up", [(0, -1, 0), (0.3, -0.9, -0.4), (0, 0, -1), (0, 0, 1)])
def test_turning_upright_keeps_lengths_and_handedness(up):
    basis = line_segments.upright(np.eye(3), up)
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-12)
    # Right, up, away is left-handed; right, down, forward is right-handed.
    np.testing.assert_allclose(np.linalg.det(basis), -1)


def test_from_the_camera_s_right_what_is_far_is_on_the_right_and_what_was_right_is_near():
    far, right = line_segments.seen_from(np.array([[0, 0, 1.0], [1.0, 0, 0]]), 90.0)
    np.testing.assert_allclose(far, [1, 0, 0], atol=1e-12)
    assert right[2] < 0


def test_a_bone_between_both_sides_is_in_the_middle():
    shoulders = Skeleton(("neck", "left", "right"), (-1, 0, 1), ((1, 2),), 0)
    assert line_segments.bone_sides(shoulders) == ["left", "middle"]


def test_a_joint_far_from_any_body_is_not_drawn(coarse):
    """Of a network that diverges: its floor would have a square for each half metre to there."""
    plots = [a_plot(seed=i) for i in range(3)]
    for plot, size in zip(plots, (2e8, 5e8, 3e10), strict=True):
        plot.poses["prediction"] *= size
    assert lifted_image(plots, H36M_17).ndim == 3
