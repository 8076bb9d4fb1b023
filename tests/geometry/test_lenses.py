"""Lenses against OpenCV: cv2.projectPoints, cv2.undistortPoints and cv2.fisheye."""

import cv2
import numpy as np
import pytest

from geoself_jax.geometry.lenses import Lens, distort_pixels, undistort_pixels

K = np.array([[1145.0, 0, 512.5], [0, 1143.8, 515.5], [0, 0, 1]])
# Human3.6M's camera 54138969, and what wide lenses and cv2.calibrateCamera's other models give.
POLYNOMIAL = (-0.2070989, 0.2477752, -0.00142447, -0.0009757, -0.0030752)
LENSES = {
    "pinhole": (),
    "four": POLYNOMIAL[:4],
    "five": POLYNOMIAL,
    "rational": (0.42, -0.31, 0.0007, -0.0004, 0.021, 0.73, -0.24, -0.03),
    "thin prism": (*POLYNOMIAL, 0.02, -0.01, 0.003, 0.0012, -0.0007, -0.0009, 0.0004),
}
FISHEYE = (0.035, -0.0098, 0.0031, -0.0007)


def image_grid(step=37):
    """Pixels of a grid over an image of 1000 x 1002, corners included."""
    u, v = np.meshgrid(np.arange(0, 1001, step), np.arange(0, 1003, step))
    corners = [[0, 0], [1000, 0], [0, 1002], [1000, 1002]]
    return np.concatenate([np.stack([u, v], -1).reshape(-1, 2), corners]).astype(float)


def rays(pixels):
    """(N, 1, 3) points one metre away that a pinhole shows at `pixels`."""
    x = (pixels[:, 0] - K[0, 2]) / K[0, 0]
    y = (pixels[:, 1] - K[1, 2]) / K[1, 1]
    return np.stack([x, y, np.ones_like(x)], -1)[:, None]


@pytest.mark.parametrize("name", LENSES)
def test_lenses_move_pixels_as_opencv_projects_points(name):
    coefficients = np.array(LENSES[name] or (0.0, 0, 0, 0))
    wanted = cv2.projectPoints(rays(image_grid()), np.zeros(3), np.zeros(3), K, coefficients)[0]
    moved = distort_pixels(image_grid(), K, Lens(LENSES[name]))
    np.testing.assert_allclose(moved, wanted[:, 0], atol=1e-9)


@pytest.mark.parametrize("name", LENSES)
def test_pixels_come_back_as_opencv_undistorts_them(name):
    coefficients = np.array(LENSES[name] or (0.0, 0, 0, 0))
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-12)
    wanted = cv2.undistortPoints(image_grid()[:, None], K, coefficients, P=K, criteria=stop)
    back = undistort_pixels(image_grid(), K, Lens(LENSES[name]))
    np.testing.assert_allclose(back, wanted[:, 0], atol=1e-3)


@pytest.mark.parametrize("name", LENSES)
def test_there_and_back_is_a_millionth_of_a_pixel(name):
    lens = Lens(LENSES[name])
    back = undistort_pixels(image_grid(), K, lens)
    np.testing.assert_allclose(distort_pixels(back, K, lens), image_grid(), atol=1e-6)


def test_a_fisheye_moves_pixels_as_opencv_does():
    wide = np.array([[600.0, 0, 500], [0, 601, 505], [0, 0, 1]])  # corners 65 degrees off
    lens = Lens(FISHEYE, fisheye=True)
    back = undistort_pixels(image_grid(), wide, lens)
    wanted = cv2.fisheye.undistortPoints(image_grid()[:, None], wide, np.array(FISHEYE), P=wide)
    np.testing.assert_allclose(back, wanted[:, 0], atol=1e-3)
    plane = (back - wide[:2, 2]) / wide[[0, 1], [0, 1]]
    points = np.concatenate([plane, np.ones((len(plane), 1))], -1)[:, None]
    shown = cv2.fisheye.projectPoints(points, np.zeros(3), np.zeros(3), wide, np.array(FISHEYE))[0]
    np.testing.assert_allclose(shown[:, 0], image_grid(), atol=1e-6)
    np.testing.assert_allclose(distort_pixels(back, wide, lens), image_grid(), atol=1e-6)


def test_a_fisheye_without_coefficients_still_bends():
    wide = np.diag([400.0, 400, 1])
    shown = distort_pixels(np.array([[400.0, 0]]), wide, Lens((), fisheye=True))
    np.testing.assert_allclose(shown, [[400 * np.pi / 4, 0]])  # 45 degrees off the axis


def test_missing_joints_stay_missing_and_shapes_stay():
    pixels = np.full((3, 2, 5, 2), 400.0)
    pixels[1, 0, 2] = np.nan
    for lens in (Lens(), Lens(POLYNOMIAL), Lens(FISHEYE, fisheye=True)):
        for move in (distort_pixels, undistort_pixels):
            moved = move(pixels, K, lens)
            assert moved.shape == pixels.shape and moved.dtype == np.float64
            np.testing.assert_array_equal(np.isnan(moved), np.isnan(pixels))
    assert np.isnan(pixels).sum() == 2  # the input is not written to


def test_where_a_lens_turns_back_there_is_no_ray():
    # r (1 - 0.3 r^2) is largest at r = 1.054, where it is 0.703 (of the focal length).
    lens = Lens((-0.3, 0, 0, 0))
    reach = np.array([0.0, 0.5, 0.70, 0.71, 1.5]) * K[0, 0] + K[0, 2]
    back = undistort_pixels(np.stack([reach, np.full(5, K[1, 2])], -1), K, lens)
    np.testing.assert_array_equal(np.isnan(back[:, 0]), [False, False, False, True, True])
    assert back[2, 0] < 1.0541 * K[0, 0] + K[0, 2]  # the inner one of the two rays


def test_beyond_its_reach_a_fisheye_has_no_ray():
    # theta (1 - 0.3 theta^2) is largest at 1.054 rad, where it is 0.703.
    lens = Lens((-0.3, 0, 0, 0), fisheye=True)
    pixels = np.array([[0.70 * 400, 0], [0.71 * 400, 0]])
    back = undistort_pixels(pixels, np.diag([400.0, 400, 1]), lens)
    np.testing.assert_array_equal(np.isnan(back[:, 0]), [False, True])


def test_a_pole_of_a_rational_lens_gives_no_nonsense():
    lens = Lens((0, 0, 0, 0, 0, -0.5, 0, 0))  # 1 / (1 - r^2 / 2): a pole at r = 1.41
    far = np.array([[K[0, 2] + 20 * K[0, 0], K[1, 2]]])
    back = undistort_pixels(far, K, lens)
    plane = (back[0, 0] - K[0, 2]) / K[0, 0]
    assert np.isnan(plane) or plane < np.sqrt(2)


def test_a_skewed_matrix_is_used_in_full():
    skewed = K + np.array([[0, 3.0, 0], [0, 0, 0], [0, 0, 0]])
    lens = Lens(POLYNOMIAL)
    back = undistort_pixels(image_grid(), skewed, lens)
    np.testing.assert_allclose(distort_pixels(back, skewed, lens), image_grid(), atol=1e-6)
    assert np.abs(back - undistort_pixels(image_grid(), K, lens)).max() > 0.01


def random_lenses(count):
    """Lenses of each model, of some strength: focal lengths and coefficients."""
    rng = np.random.default_rng(0)
    for number in range(count):
        focal, fisheye = rng.uniform(450, 1600), number % 6 == 5
        scale = (focal / 1000) ** 2 * np.array([0.3, 0.2, 2e-3, 2e-3, 0.05])
        c = rng.normal(0, scale / 2)
        if fisheye:
            c = rng.normal(0, [0.05, 0.02, 0.005, 0.001])
        elif number % 6:
            size = (4, 5, 8, 12, 14)[number % 6 - 1]
            more = rng.normal(0, [0.05, 0.02, 0.005, *[1e-3] * 4, 0.02, 0.02])
            c = np.concatenate([c, more])[:size]
        yield focal, Lens(tuple(c), fisheye)


def test_two_hundred_lenses_are_inverted_over_the_whole_image_or_have_no_ray_there():
    u, v = np.meshgrid(np.linspace(0, 1920, 33), np.linspace(0, 1080, 19))
    pixels, seen = np.stack([u, v], -1).reshape(-1, 2), []
    for focal, lens in random_lenses(200):
        matrix = np.array([[focal, 0, 950], [0, focal * 1.01, 545], [0, 0, 1]])
        back = undistort_pixels(pixels, matrix, lens)
        known = np.isfinite(back).all(-1)
        seen.append(known.mean())
        again = distort_pixels(back[known], matrix, lens)
        assert np.abs(again - pixels[known]).max(initial=0) < 1e-6, lens
        if not lens.fisheye:
            rays = (back[known] - matrix[:2, 2]) / np.diag(matrix)[:2]
            rays = np.column_stack([rays, np.ones(len(rays))])
            still = np.zeros(3), np.zeros(3), matrix, np.array(lens.coefficients)
            theirs = cv2.projectPoints(rays, *still)[0][:, 0]
            assert np.abs(theirs - pixels[known]).max() < 1e-6, lens
    assert np.mean(seen) > 0.9 and min(seen) > 0.1
