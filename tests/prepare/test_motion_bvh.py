"""BVH: files of random people, written here, come back; SciPy and 4x4 matrices tell where to."""

import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from seeing import Notices

from geoself_jax.core.errors import DATA, MISSING, USAGE, GeoselfError
from geoself_jax.prepare.motion.bvh import read_bvh

ORDERS = ("ZXY", "XYZ", "YXZ", "ZYX", "YZX", "XZY")
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
ENDS = (3, 6, 10, 13, 16)
HAND = """HIERARCHY
ROOT Hips
{
  OFFSET 0 100 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Left Leg {
    OFFSET 10 0 0
    CHANNELS 3 Yrotation Zrotation Xrotation
    End Site
    {
      OFFSET 0 -90 0
    }
  }
  JOINT Head
  {
    OFFSET 0 60 0
    CHANNELS 0
  }
}
MOTION
Frames: 2
Frame Time: .0083333
0 95 0 0 0 0  0 0 0
5 96 -7 90 0 30  20 -40 65
"""


def write(tmp_path, text, name="a.bvh"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def exported(rng, frames, everywhere=False):
    """A random person's BVH text in cm, and its joints (T, 17 + 5, 3) by 4x4 matrices."""
    offsets = rng.normal(0, 12, (22, 3)) + [0, 12, 0]
    orders = rng.choice(ORDERS, 17)
    rotations = Rotation.random(frames * 17, random_state=3)
    angles = rotations.as_matrix().reshape(frames, 17, 3, 3)
    places = offsets[None, :17] + rng.normal(0, 1, (frames, 17, 3))
    places[:, 0] = rng.normal(0, 40, (frames, 3))
    T = np.zeros((frames, 22, 4, 4))
    for j in range(17):
        local = np.tile(np.eye(4), (frames, 1, 1))
        local[:, :3, :3] = angles[:, j]
        local[:, :3, 3] = places[:, j] if everywhere or j == 0 else offsets[j]
        T[:, j] = local if j == 0 else T[:, PARENTS[j]] @ local
    for i, j in enumerate(ENDS):
        T[:, 17 + i] = T[:, j]
        T[:, 17 + i, :3, 3] += T[:, j, :3, :3] @ offsets[17 + i]
    lines, columns, order = ["HIERARCHY"], [], []

    def put(j, depth):
        pad = "\t" * depth
        order.append(j)
        lines.append(f"{pad}{'ROOT' if j == 0 else 'JOINT'} j{j}")
        lines.extend([pad + "{", f"{pad}\tOFFSET " + " ".join(f"{x:.9f}" for x in offsets[j])])
        turned = [f"{axis}rotation" for axis in orders[j]]
        places_too = ["Xposition", "Yposition", "Zposition"] if j == 0 or everywhere else []
        lines.append(f"{pad}\tCHANNELS {len(places_too + turned)} " + " ".join(places_too + turned))
        if places_too:
            columns.append(places[:, j])
        euler = Rotation.from_matrix(angles[:, j]).as_euler(str(orders[j]), degrees=True)
        columns.append(euler)
        for child in range(17):
            if PARENTS[child] == j:
                put(child, depth + 1)
        if j in ENDS:
            k = 17 + ENDS.index(j)
            order.append(k)
            offset = " ".join(f"{x:.9f}" for x in offsets[k])
            lines.extend(
                [f"{pad}\tEnd Site", pad + "\t{", f"{pad}\t\tOFFSET {offset}", pad + "\t}"]
            )
        lines.append(pad + "}")

    put(0, 0)
    lines += ["MOTION", f"Frames: {frames}", "Frame Time: 0.0166667"]
    lines += [" ".join(f"{x:.9f}" for x in row) for row in np.concatenate(columns, 1)]
    return "\n".join(lines) + "\n", T[:, order][..., :3, 3]


def test_a_file_written_by_hand_comes_back_where_scipy_puts_it(tmp_path):
    motion = read_bvh(write(tmp_path, HAND), "cm")
    assert motion.joint_names == ("Hips", "Left Leg", "Left Leg_end", "Head")
    assert motion.parents == (-1, 0, 1, 0) and motion.fps == 120
    root = Rotation.from_euler("ZXY", [90, 0, 30], degrees=True)
    leg = root * Rotation.from_euler("YZX", [20, -40, 65], degrees=True)
    hips = np.array([5, 96, -7])
    hip = hips + root.apply([10, 0, 0])
    second = np.stack([hips, hip, hip + leg.apply([0, -90, 0]), hips + root.apply([0, 60, 0])])
    first = np.array([[0, 95, 0], [10, 95, 0], [10, 5, 0], [0, 155, 0]])
    np.testing.assert_allclose(motion.positions * 100, [first, second], atol=1e-9)


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_random_person_in_all_orders_of_angles_comes_back(tmp_path, everywhere):
    text, wanted = exported(np.random.default_rng(0), 50, everywhere)
    motion = read_bvh(write(tmp_path, text), "cm")
    assert motion.positions.shape == (50, 22, 3) and motion.fps == 60
    assert np.abs(motion.positions - wanted / 100).max() < 1e-7


def test_a_joint_whose_places_are_near_zero_adds_them_to_its_offset(tmp_path):
    text = HAND.replace("CHANNELS 0", "CHANNELS 3 Xposition Yposition Zposition")
    text = text.replace("  0 0 0\n", "  0 0 0 1 2 3\n").replace("65\n", "65 1 2 3\n")
    motion = read_bvh(write(tmp_path, text), "cm")
    np.testing.assert_allclose(motion.positions[0, 3] * 100, [1, 95 + 62, 3], atol=1e-9)


def test_two_ends_of_one_joint_have_names_of_their_own(tmp_path):
    end = "    End Site\n    {\n      OFFSET 0 -90 0\n    }\n"
    motion = read_bvh(write(tmp_path, HAND.replace(end, end + end.replace("-90", "-80"))), "cm")
    assert motion.joint_names[2:4] == ("Left Leg_end", "Left Leg_end2")
    np.testing.assert_allclose(motion.positions[0, 2:4, 1] * 100, [5, 15], atol=1e-9)


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "cm"), (0.01, "m"), (10, "mm"), (1 / 2.54, "inch"), (0.177, "cmu")]
)
def test_the_unit_is_the_one_given_and_without_it_the_fitting_ones_are_named(
    tmp_path, factor, unit
):
    scaled = re.sub(
        r"OFFSET (\S+) (\S+) (\S+)",
        lambda m: "OFFSET " + " ".join(str(float(x) * factor) for x in m.groups()),
        HAND.replace("0 95 0", "0 0 0").replace("5 96 -7", "0 0 0"),
    )
    path, notices = write(tmp_path, scaled), Notices()
    with pytest.raises(GeoselfError, match=rf"not in the file .* --motion-unit={unit}\b") as error:
        read_bvh(path)
    assert error.value.code == DATA
    motion = read_bvh(path, unit, notice=notices)
    height = np.linalg.norm(motion.positions[0, 3] - motion.positions[0, 2])
    assert 1.4 < height < 1.6 and notices.about(f"unit {unit},")


def test_a_body_that_fits_no_unit_is_refused(tmp_path):
    with pytest.raises(GeoselfError, match="no known unit") as error:
        read_bvh(write(tmp_path, HAND.replace("-90", "-9000000")))
    assert error.value.code == DATA
    with pytest.raises(GeoselfError, match="in m that is not a body"):
        read_bvh(write(tmp_path, HAND), "m")
    with pytest.raises(GeoselfError, match="did you mean 'inch'") as error:
        read_bvh(write(tmp_path, HAND), "inches")
    assert error.value.code == USAGE


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("HIERARCHY", "ply", 1, "wanted HIERARCHY"),
        ("Frames: 2", "Frames: 1000000000", 21, "Frames: 1000000000, but 2 lines"),
        ("Frames: 2", "Frames: 1", 21, "but 2 lines"),
        ("Frames: 2", "Frames: -1", 21, "Frames: -1"),
        ("Frames: 2", "Frames: x", 21, "'X' is no number"),
        ("Frame Time: .0083333", "Frame Time: 0", 22, "0 s"),
        ("Frame Time: .0083333", "Frame Time: nan", 22, "not finite"),
        ("-40 65", "-40", 24, "8 numbers, wanted 9"),
        ("-40 65", "-40 6x5", 24, "'6x5' is no number"),
        ("-40 65", "-40 nan", 24, "not finite"),
        ("OFFSET 0 -90 0", "OFFSET 0 -90", 11, "2 numbers, wanted 3"),
        ("    OFFSET 10 0 0\n", "", 6, "'Left Leg' has no OFFSET"),
        ("CHANNELS 0", "CHANNELS 1 Xscale", 17, "'xscale'"),
        ("CHANNELS 0", "CHANNELS 2 Xrotation", 17, "CHANNELS 2, but 1 names"),
        ("JOINT Head", "JOINT Hips", 14, "'Hips' is empty or there twice"),
        ("  JOINT Head", "}\nROOT Head", 15, "a second ROOT"),
        ("MOTION", "}\nMOTION", 20, "out of place"),
        ("MOTION", "", 21, "out of place"),
        ("ROOT Hips\n{", "ROOT Hips", 3, "out of place"),
        ("    End Site\n", "    End Site\n    End Site\n", 10, "out of place"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path, old, new, line, words):
    assert old in HAND
    with pytest.raises(GeoselfError) as error:
        read_bvh(write(tmp_path, HAND.replace(old, new)), "cm")
    assert error.value.code == DATA
    assert f"a.bvh, line {line} " in str(error.value) and words in str(error.value)


def test_a_file_cut_anywhere_is_refused_in_one_line(tmp_path):
    lines = HAND.splitlines()
    for end in range(len(lines) - 1):
        with pytest.raises(GeoselfError) as error:
            read_bvh(write(tmp_path, "\n".join(lines[:end])), "cm")
        assert error.value.code == DATA and "a.bvh, line " in str(error.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(GeoselfError) as error:
        read_bvh(tmp_path / "b.bvh")
    assert error.value.code == MISSING
