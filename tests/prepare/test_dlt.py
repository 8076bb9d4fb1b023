"""DLT coefficients become the cameras they are of, whichever corner, world or sign they have."""

import dataclasses
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from calibration_files import dlt, known_rig, write_dlt
from scenes import motion, pixels_of, tiny_rig

from geoself_jax.core.errors import DATA, USAGE, GeoselfError
from geoself_jax.data.files import load_npz
from geoself_jax.geometry.lenses import Lens
from geoself_jax.inspect import __main__ as inspect
from geoself_jax.lift.find_camera import read_view
from geoself_jax.prepare import __main__ as prepare
from geoself_jax.prepare.calibrations import read_calibration, recognize_calibration
from geoself_jax.prepare.detections import read_detections, recognize_detections
from geoself_jax.prepare.intrinsics import read_intrinsics
from geoself_jax.prepare.lab_files import write_openpose
from geoself_jax.prepare.rig_options import RigOptions

SIZE = (1000, 1002)
LOWER, UPPER = "dlt_lower", "dlt_upper"
MIRRORED = np.diag([1.0, 1, -1])


def skewed(known, skew=7.0):
    known.K[:, 0, 1] = skew
    return known


def formula(coefficients, points):
    """(V, N, 2) u and v by the published formula."""
    X, Y, Z = points.T
    shown = []
    for c in coefficients.T:
        below = c[8] * X + c[9] * Y + c[10] * Z + 1
        u, v = c[0] * X + c[1] * Y + c[2] * Z + c[3], c[4] * X + c[5] * Y + c[6] * Z + c[7]
        shown.append(np.stack([u, v], -1) / below[:, None])
    return np.array(shown)


def projected(rig, points):
    """(V, N, 2) pixels, all points in front."""
    local = np.einsum("vij,vnj->vni", rig.R, points[None] - rig.center[:, None])
    assert (local[..., 2] > 0).all()
    image = np.einsum("vij,vnj->vni", rig.K, local)
    return image[..., :2] / image[..., 2:]


def read(path, format=LOWER, notices=None, **flags):
    given = {"unit": "m", "up": "z", "image_size": {"": SIZE}} | flags
    notice = ([] if notices is None else notices).append
    return read_calibration(path, format=format, notice=notice, **given)


def refusal(path, **flags):
    with pytest.raises(GeoselfError) as error:
        read(path, **flags)
    assert error.value.code == DATA and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("skew", [0.0, 7.0])
@pytest.mark.parametrize("format", [LOWER, UPPER])
def test_cameras_come_back_and_project_as_the_formula_does(tmp_path, format, skew):
    known = skewed(known_rig(), skew)
    height = SIZE[1] if format == LOWER else None
    table = dlt(known, height=height, unit=0.001)
    write_dlt(tmp_path / "cal01_DLTcoefs.csv", table)
    notices = []
    rig = read(tmp_path / "cal01_DLTcoefs.csv", format, notices, unit="mm")
    assert rig.camera_names == ("cam1", "cam2", "cam3", "cam4") and rig.counted
    for mine, wanted in ((rig.K, known.K), (rig.R, known.R), (rig.center, known.center)):
        np.testing.assert_allclose(mine, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())
    u, v = np.moveaxis(formula(table, known.points * 1000), -1, 0)
    wanted = np.stack([u - 1, SIZE[1] - v if height else v - 1], -1)
    assert np.abs(projected(rig, known.points) - wanted).max() < 1e-6
    assert all(lens.coefficients == () for lens in rig.lenses)
    assert (
        len(notices) == 2
        and "no names and no lens: its columns are taken for cam1 to" in (notices[0])
    )
    assert rig.select(["cam2"]).counted


def test_arguss_columns_are_those_of_deeplabcut_and_its_rows_the_height_less_them(tmp_path):
    known = known_rig()
    path = tmp_path / "wand-dlt-coefficients.csv"
    write_dlt(path, dlt(known, height=SIZE[1], first=0))
    assert recognize_calibration(path).keys() == {LOWER}
    rig = read(path, "auto")
    np.testing.assert_allclose(rig.K, known.K, rtol=1e-6, atol=1e-3)
    u, v = np.moveaxis(formula(dlt(known, height=SIZE[1], first=0), known.points), -1, 0)
    assert np.abs(projected(rig, known.points) - np.stack([u, SIZE[1] - v], -1)).max() < 1e-6


@pytest.mark.parametrize("format", [LOWER, UPPER])
def test_a_mirrored_world_is_turned_so_that_bodies_are_not_mirrored(tmp_path, format):
    known = known_rig()
    height = SIZE[1] if format == LOWER else None
    write_dlt(tmp_path / "c.csv", dlt(known, height=height, world=MIRRORED))
    notices = []
    rig = read(tmp_path / "c.csv", format, notices)
    assert any("its world is mirrored (left-handed), or" in line for line in notices)
    np.testing.assert_allclose(np.linalg.det(rig.R), 1)
    turned = known.points @ np.diag([-1.0, 1, -1])  # the world's mirror and ours: a rotation
    own = projected(known, known.points)
    assert np.abs(projected(rig, turned) - own).max() < 1e-6


def test_a_right_handed_world_is_left_as_it_is_without_a_word(tmp_path):
    write_dlt(tmp_path / "c.csv", dlt(known_rig(), height=SIZE[1]))
    notices = []
    read(tmp_path / "c.csv", LOWER, notices)
    assert not any("mirrored" in line or "behind" in line or "warning" in line for line in notices)


def forwards(known, metres, views):
    """The first cameras, ahead of the world's origin in the direction they look on average."""
    ahead = known.R[:views, 2].mean(0)
    shift = ahead / np.linalg.norm(ahead) * metres
    kept = {key: getattr(known, key)[:views] for key in ("names", "K", "dist", "R")}
    return replace(known, **kept, center=known.center[:views] + shift, points=known.points + shift)


@pytest.mark.parametrize("world", [np.eye(3), MIRRORED])
@pytest.mark.parametrize(("views", "metres", "behind"), [(4, 14, 1), (2, 30, 2), (2, 3, 0)])
def test_where_axes_cross_is_in_front_though_the_origin_is_behind_some_or_all_of_the_cameras(
    tmp_path, world, views, metres, behind
):
    known = forwards(known_rig(), metres, views)
    depth = np.einsum("vj,vj->v", known.R[:, 2], -known.center)
    assert (depth < 0).sum() == behind
    write_dlt(tmp_path / "c.csv", dlt(known, height=SIZE[1], world=world))
    notices = []
    rig = read(tmp_path / "c.csv", LOWER, notices)
    said = "".join(line.partition("origin is behind")[2] for line in notices)
    assert re.findall(r"cam\d", said) == [f"cam{i + 1}" for i in np.flatnonzero(depth < 0)]
    mirrored = (world != np.eye(3)).any()
    points = known.points @ np.diag([-1.0, 1, -1]) if mirrored else known.points
    assert np.abs(projected(rig, points) - projected(known, known.points)).max() < 1e-6


def test_a_camera_that_looks_away_from_where_the_others_look_is_read_by_the_origin(tmp_path):
    known = known_rig()
    ahead = known.R[0, 2]
    known.R[3], known.center[3] = known.R[0], known.center[0] + 5.5 * ahead  # past the crossing
    known = replace(known, center=known.center - known.center[0] - 7 * ahead)
    assert (np.einsum("vj,vj->v", known.R[:, 2], -known.center) > 0).all()
    write_dlt(tmp_path / "c.csv", dlt(known, height=SIZE[1]))
    notices = []
    rig = read(tmp_path / "c.csv", LOWER, notices)
    np.testing.assert_allclose(rig.R, known.R, atol=1e-6)
    assert not any("behind" in line or "mirrored" in line for line in notices)


@pytest.mark.parametrize("degrees", [0.0, -1.0, 1.0])
def test_cameras_side_by_side_with_nearly_parallel_axes_are_read_by_the_origin(tmp_path, degrees):
    known = forwards(known_rig(), 0, 2)
    turn = np.deg2rad(degrees)
    across = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    known.R[1] = across @ known.R[0]
    known.center[1] = known.center[0] + 0.5 * known.R[0, 0]
    write_dlt(tmp_path / "c.csv", dlt(known, height=SIZE[1]))
    notices = []
    rig = read(tmp_path / "c.csv", LOWER, notices)
    np.testing.assert_allclose(rig.R, known.R, atol=1e-6)
    assert not any("behind" in line or "mirrored" in line for line in notices)


def test_cameras_of_two_corners_in_one_table_are_refused(tmp_path):
    known = known_rig()
    table = dlt(known, height=SIZE[1])
    table[:, 1] = dlt(known)[:, 1]
    write_dlt(tmp_path / "c.csv", table)
    line = refusal(tmp_path / "c.csv")
    assert "the world of camera cam2 is mirrored to that of cam1" in line and "at once" in line


def test_five_digits_as_matlabs_dlmwrite_leaves_are_enough(tmp_path):
    known = known_rig()
    write_dlt(tmp_path / "c.csv", dlt(known, height=SIZE[1]), "%.5g")
    rig = read(tmp_path / "c.csv")
    assert 1e-6 < np.abs(projected(rig, known.points) - projected(known, known.points)).max() < 0.2


def test_which_corner_is_asked_for_where_the_name_does_not_say(tmp_path):
    write_dlt(tmp_path / "cal01_DLTcoefs.csv", dlt(known_rig(), height=SIZE[1]))
    for place in (tmp_path / "cal01_DLTcoefs.csv", tmp_path):
        line = refusal(place, format="auto")
        assert "cal01_DLTcoefs.csv: may be of 2 formats - dlt_lower (11 rows of numbers, " in line
        assert line.endswith(
            "say which: --calibration-format=dlt_lower or --calibration-format=dlt_upper"
        )
    assert read(tmp_path, LOWER).views == 4  # found in its folder
    (tmp_path / "cal01_DLTcoefs.csv").rename(tmp_path / "exported_dltCoefs.csv")
    assert recognize_calibration(tmp_path / "exported_dltCoefs.csv").keys() == {UPPER}


def test_the_unit_and_for_the_lower_corner_the_image_size_are_asked_for(tmp_path):
    path = tmp_path / "c.csv"
    write_dlt(path, dlt(known_rig(), height=SIZE[1]))
    assert "c.csv: its unit is not in the file" in refusal(path, unit=None)
    for sizes in ({}, {"cam1": SIZE}):
        line = refusal(path, image_size=sizes)
        assert "counts rows from the lower edge - the images' heights are not" in line
        assert "--image-size=WIDTHxHEIGHT" in line
    each = {f"cam{i}": SIZE for i in range(1, 5)}
    np.testing.assert_array_equal(read(path, image_size=each).K, read(path).K)
    write_dlt(path, dlt(known_rig()))
    assert (read(path, UPPER, image_size={}).image_size == 0).all()


def test_an_image_size_under_a_name_that_no_camera_has_is_refused_as_that(tmp_path):
    path = tmp_path / "c.csv"
    write_dlt(path, dlt(known_rig(), height=SIZE[1]))
    for sizes in ({"left": SIZE}, {"": SIZE, "left": SIZE}, {"cam1": SIZE, "left": SIZE}):
        with pytest.raises(GeoselfError) as error:
            read(path, image_size=sizes, unit=None)
        assert error.value.code == USAGE
        assert "--image-size=left=... - no such camera - known: cam1, cam2, " in str(error.value)


def test_what_no_camera_has_is_a_warning_with_its_figures(tmp_path):
    known = skewed(known_rig(), 40.0)
    known.K[1, 1, 1] *= 1.1
    path, notices = tmp_path / "c.csv", []
    write_dlt(path, dlt(known, height=SIZE[1]))
    read(path, LOWER, notices)
    warnings = [line for line in notices if line.startswith("warning: ")]
    assert len(warnings) == 4 and all("skew 40 px" in line for line in warnings)
    assert [" and " in line and "focal lengths" in line for line in warnings] == [
        *(False, True, False, False)
    ]
    notices.clear()
    write_dlt(path, dlt(known_rig(), height=1500))
    read(path, LOWER, notices)
    assert sum("principal point" in line and "another image size" in line for line in notices) == 4


def changed(table, how):
    rows = [",".join(map(repr, row)) for row in table.tolist()]
    damages = {
        "10 rows": rows[:-1],
        "12 rows": [*rows, rows[0]],
        "nan": [rows[0].replace(rows[0].split(",")[1], "NaN"), *rows[1:]],
        "header": ["cam1,cam2,cam3,cam4", *rows],
        "transposed": [",".join(map(repr, row)) for row in table.T.tolist()],
        "ragged": [*rows[:4], rows[4] + ",1", *rows[5:]],
        "plane": rows[:8],
        "zeros": [re.sub(r"^[^,]*", "0", row) for row in rows],
        "decimal commas": [row.replace(",", ";").replace(".", ",") for row in rows],
        "empty": [],
    }
    return "\n".join([*damages[how], ""])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("10 rows", "10 rows of 4 numbers - DLT coefficients are 11 rows, a column a camera"),
        ("12 rows", "12 rows of 4 numbers - DLT coefficients are 11 rows"),
        ("nan", "camera cam2: coefficients: "),
        ("header", "line 1: 'cam1' - DLT coefficients are numbers alone, 11 rows"),
        ("transposed", "4 rows of 11 numbers, a row a camera - .* - transpose the table"),
        ("ragged", "line 5: 5 numbers - 4 are wanted as in the first row"),
        ("plane", "8 rows of 4 numbers: of a plane"),
        ("zeros", "camera cam1: coefficients of no camera"),
        ("decimal commas", "line 1: '.*;"),
        ("empty", "0 rows of 0 numbers"),
    ],
)
def test_tables_that_are_none_are_refused_by_what_is_wrong(tmp_path, how, words):
    path = tmp_path / "cal01_DLTcoefs.csv"
    path.write_text(changed(dlt(known_rig(), height=SIZE[1]), how))
    assert re.search(words, refusal(path)), refusal(path)
    if how not in ("nan", "zeros"):  # recognized as a table: which corner is asked for first
        assert re.search(words, refusal(path, format="auto")), refusal(path, format="auto")


def plain_rig(views=4):
    """The tiny rig without lenses, its images as high as `SIZE` is."""
    rig = tiny_rig(views=views)
    lenses = (Lens((0.0,) * 5),) * views
    return dataclasses.replace(rig, lenses=lenses, image_size=np.full((views, 2), SIZE))


def test_one_camera_is_read_for_lift_and_intrinsics_alone_for_calibrate(tmp_path):
    known = known_rig()
    path, said = tmp_path / "c.csv", []
    write_dlt(path, dlt(known, height=SIZE[1], world=MIRRORED))
    view = read_view(f"{path}:cam2", format=LOWER, unit="m", up="z", image_size=SIZE)
    np.testing.assert_allclose(view.K, known.K[1], rtol=1e-6, atol=1e-3)
    with pytest.raises(GeoselfError, match="the images' heights are not in the file"):
        read_view(f"{path}:cam2", format=LOWER, unit="m", up="z")
    own = RigOptions(calibration=path, calibration_format=LOWER, image_size={"": SIZE})
    rig = read_intrinsics(own, said.append)
    np.testing.assert_allclose(rig.K, known.K, rtol=1e-6, atol=1e-3)
    assert not any("mirrored" in line for line in said)


def write_recording(folder, views=4, columns=None, world=None):
    """A recording with Argus's table, whose columns may stand in another order."""
    rig, frames = plain_rig(views), 30
    pixels = pixels_of(motion(frames), rig)
    pixels = pixels + np.random.default_rng(0).normal(0, 1, pixels.shape)
    for view, name in enumerate(rig.camera_names):
        write_openpose(folder / "pose", name, pixels[:, view], np.full((frames, 17), 0.9))
    known = replace(known_rig(rig.camera_names), K=rig.K, R=rig.R, center=rig.center)
    table = dlt(known, height=SIZE[1], first=0, unit=0.001, world=world)
    order = range(views) if columns is None else columns
    write_dlt(folder / "wand-dlt-coefficients.csv", table[:, list(order)])


def prepared(folder, *flags):
    out = folder.parent / "out.npz"
    words = [f"--input={folder}", "--fps=25", "--skeleton=h36m_17", f"--output={out}"]
    sized = [f"--image-size={SIZE[0]}x{SIZE[1]}", "--unit=mm", "--subject=anna"]
    assert prepare.main([*words, *sized, *flags]) == 0
    return out


def inspected(out):
    return inspect.main([f"--data={out}"])


def test_a_recording_is_prepared_with_the_table_in_its_folder(tmp_path, capsys):
    write_recording(tmp_path / "walk", world=MIRRORED)
    arrays = load_npz(prepared(tmp_path / "walk", "--up=-z"))
    said = capsys.readouterr().out
    assert "its columns are taken for cam1 to cam4" in said and "mirrored (left-handed)" in said
    assert "cameras matched by triangulation: cam1 = cam1" in said
    rig = plain_rig()
    turned = rig.center @ np.diag([-1.0, 1, -1])
    np.testing.assert_allclose(np.squeeze(arrays["center"]), turned, atol=1e-5)
    np.testing.assert_allclose(np.squeeze(arrays["K"]), rig.K, rtol=1e-5, atol=1e-3)
    assert inspected(tmp_path / "out.npz") == 0


def test_the_table_of_a_session_is_found_above_its_trials(tmp_path):
    write_recording(tmp_path / "session/anna/walk")
    table = "wand-dlt-coefficients.csv"
    (tmp_path / "session/anna/walk" / table).rename(tmp_path / "session" / table)
    prepared(tmp_path / "session/anna")


def test_columns_in_another_order_than_the_files_are_refused(tmp_path):
    write_recording(tmp_path / "walk", columns=(1, 0, 2, 3))
    with pytest.raises(
        GeoselfError, match=r"names say .* triangulation says .*cam1 = cam2_json, "
    ) as e:
        prepared(tmp_path / "walk")
    assert e.value.code == DATA and "--camera=cam1=" in str(e.value)


def test_two_cameras_named_by_their_columns_are_said_to_be_unproved(tmp_path, capsys):
    write_recording(tmp_path / "walk", views=2)
    prepared(tmp_path / "walk")
    said = capsys.readouterr().out
    assert "cameras matched by name; triangulation does not decide: 2 files are too few" in said
    files = [f"--camera=cam{i}={tmp_path}/walk/pose/cam{i}_json" for i in (1, 2)]
    prepared(tmp_path / "walk", *files)
    assert "triangulation does not decide" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags", [("--calibration-format=dlt_upper",), ("--image-size=1000x1402",)]
)
def test_another_corner_or_height_is_seen_by_its_residual(tmp_path, capsys, flags):
    """Refused, or, where the cameras are named one by one, seen by inspect."""
    write_recording(tmp_path / "walk")
    given = (f"--calibration={tmp_path / 'walk/wand-dlt-coefficients.csv'}", *flags)
    with pytest.raises(GeoselfError, match=r"only counts at most .*another corner") as error:
        prepared(tmp_path / "walk", *given)
    residual = re.search(r"walk: cam1 = .*?: (\d+\.\d) px", str(error.value))
    assert error.value.code == DATA and residual and float(residual[1]) > 12
    out = prepared(tmp_path / "walk", *given, *re.findall(r"--camera=\S+", str(error.value)))
    capsys.readouterr()
    assert inspected(out) != 0
    inside = capsys.readouterr().out
    assert ("v runs upward in all cameras" in inside) == ("format" in flags[0])


def test_a_column_that_is_missing_is_not_taken_for_the_next_camera(tmp_path):
    """Three files of four cameras, and the table of three others."""
    write_recording(tmp_path / "walk")
    table = np.loadtxt(tmp_path / "walk/wand-dlt-coefficients.csv", delimiter=",")
    write_dlt(tmp_path / "walk/wand-dlt-coefficients.csv", table[:, [0, 1, 3]])
    shutil.rmtree(tmp_path / "walk/pose/cam4_json")
    with pytest.raises(GeoselfError, match=r"only counts at most .*a column is missing"):
        prepared(tmp_path / "walk")


def test_a_fan_of_cameras_of_which_all_is_behind_is_refused_with_the_reason(tmp_path, capsys):
    """Its axes cross behind it, which is where converging cameras would look."""
    turns = np.deg2rad([-15.0, 0, 15])
    R = np.array(
        [[[np.cos(a), -np.sin(a), 0], [0, 0, -1], [np.sin(a), np.cos(a), 0]] for a in turns]
    )
    center = np.array([[-0.5, -4, 1], [0, -4, 1], [0.5, -4, 1]])
    known = known_rig(("cam1", "cam2", "cam3"))
    known = replace(known, R=R, center=center, K=known.K, dist=np.zeros((3, 5)))
    points = motion(30)
    local = np.einsum("vij,tvnj->tvni", R, points[:, None] - center[None, :, None])
    image = np.einsum("vij,tvnj->tvni", known.K, local)
    for view, name in enumerate(known.names):
        pixels = image[:, view, :, :2] / image[:, view, :, 2:]
        write_openpose(tmp_path / "walk/pose", name, pixels, np.full((30, 17), 0.9))
    write_dlt(tmp_path / "walk/wand-dlt-coefficients.csv", dlt(known, height=SIZE[1], first=0))
    with pytest.raises(GeoselfError, match="what is filmed is behind the cameras"):
        prepared(tmp_path / "walk")
    said = capsys.readouterr().out
    assert "warning: " in said and "origin is behind cam1, cam2, cam3: taken to look where" in said


@pytest.mark.parametrize(("name", "axes"), [("pt{}_cam{}_{}", "XY"), ("Track {}_cam_{}_{}", "xy")])
def test_digitized_points_are_refused_by_what_they_are(tmp_path, capsys, name, axes):
    header = [name.format(p, c, a) for p in range(1, 34) for c in (1, 2) for a in axes]
    rows = np.full((5, len(header)), 3.0)
    path = tmp_path / "flight_xypts.csv"
    path.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows), ""]))
    assert recognize_detections(path) is None
    with pytest.raises(GeoselfError) as error:
        read_detections(path)
    line = str(error.value)
    assert "points of all cameras in one table, as DLTdv and Argus write them" in line
    assert "in pixels counted downwards from 0 - give the detector's own files" in line
    write_recording(tmp_path / "walk")
    path.rename(tmp_path / "walk/flight_xypts.csv")
    prepared(tmp_path / "walk")
    assert "warning: not read: " in capsys.readouterr().out


def test_eleven_rows_of_numbers_are_coefficients_only_where_they_are_called_so(tmp_path):
    """A YOLO label file of eleven people has as many rows."""
    table = dlt(known_rig(), height=SIZE[1])
    for name, fits in (("frame_000011.txt", False), ("c.csv", False), ("cal_DLTcoefs.csv", True)):
        write_dlt(tmp_path / name, table)
        assert bool(recognize_calibration(tmp_path / name)) == fits
    assert read(tmp_path / "c.csv", LOWER).views == 4  # whose format is named


@pytest.mark.parametrize(("name", "first"), [("wand-dlt-coefficients.csv", 0), ("c.csv", 1)])
def test_how_pixels_are_counted_is_said(tmp_path, name, first):
    known, notices = known_rig(), []
    write_dlt(tmp_path / name, dlt(known, height=SIZE[1], first=first))
    rig = read(tmp_path / name, LOWER, notices)
    np.testing.assert_allclose(rig.K, known.K, rtol=1e-6, atol=1e-3)
    assert any(f"its pixels to count from {first}, as in" in line for line in notices)
