"""ASF/AMC: a small person written here comes back where SciPy's rotations put it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from seeing import Notices

from geoself_jax.core.errors import DATA, MISSING, GeoselfError
from geoself_jax.prepare.motion.asf_amc import read_amc

ASF = """# a comment
:version 1.10
:name someone
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   by hand
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name lfemur
     direction 0.36 -0.9 0.1
     length 15
     axis 10 -20 30  XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 2
     name ltibia
     direction 0.3 -0.95 0
     length 8
     axis 0 0 20  ZXY
     dof rx
     limits (-10.0 170.0)
  end
  begin
     id 3
     name head
     direction 0 1 0
     length 14
     axis 5 6 7 XYZ
  end
:hierarchy
  begin
    root lfemur head
    lfemur ltibia
  end
"""
AMC = """#!OML:ASF someone
:FULLY-SPECIFIED
:DEGREES
1
root 9 17 -17 0 0 0
lfemur 0 0 0
ltibia 0
2
root 1 2 3 10 20 30
lfemur -25 14 33
ltibia 47
"""
CMU = 0.0254 / 0.45


@pytest.fixture
def files(tmp_path):
    (tmp_path / "07.asf").write_text(ASF)
    (tmp_path / "07_01.amc").write_text(AMC)
    return tmp_path / "07_01.amc", tmp_path / "07.asf"


def around(order, degrees):
    """Extrinsic rotations, in SciPy's lower case: the first axis turns first."""
    return Rotation.from_euler(order, degrees, degrees=True)


def test_joints_are_where_scipy_puts_the_ends_of_the_bones(files):
    notices = Notices()
    motion = read_amc(*files, notice=notices)
    assert motion.joint_names == ("root", "lfemur", "head", "ltibia")
    assert motion.parents == (-1, 0, 0, 1)
    femur, tibia, up = np.array([0.36, -0.9, 0.1]) * 15, np.array([0.3, -0.95, 0]) * 8, [0, 14, 0]
    root = np.array([9, 17, -17])
    first = [root, root + femur, root + up, root + femur + tibia]
    root, turn = np.array([1, 2, 3]), around("xyz", [10, 20, 30])
    axis = around("xyz", [10, -20, 30])
    hip = turn * axis * around("xyz", [-25, 14, 33]) * axis.inv()
    axis = around("zxy", [20, 0, 0])
    knee = hip * axis * around("x", 47) * axis.inv()
    bent = root + hip.apply(femur)
    second = [root, bent, root + turn.apply(up), bent + knee.apply(tibia)]
    np.testing.assert_allclose(motion.positions / CMU, [first, second], atol=1e-9)
    assert motion.fps == 120 and notices.about("frames per second are not in the file")


def test_radians_and_another_frame_rate(files):
    turned = "2\nroot 1 2 3 0.2 0 0\nlfemur 0 0 0\nltibia 0\n"
    one = AMC.split("2\nroot")[0]
    files[0].write_text(one.replace(":DEGREES", ":RADIANS") + turned)
    motion = read_amc(*files, fps=60)
    up = Rotation.from_euler("x", 0.2).apply([0, 14, 0])
    np.testing.assert_allclose(motion.positions[1, 2] / CMU, up + [1, 2, 3], atol=1e-9)
    assert motion.fps == 60


def test_another_length_that_makes_no_body_is_refused_and_a_unit_overrules(files):
    files[1].write_text(ASF.replace("length 0.45", "length 4.5"))
    with pytest.raises(GeoselfError, match="not a body"):
        read_amc(*files)
    assert read_amc(*files, "cmu").positions[0, 0, 0] == pytest.approx(9 * CMU)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("lfemur 0 0 0", "lfemur 0 0", 6, "2 numbers, wanted 3"),
        ("lfemur 0 0 0", "lfemur 0 x 0", 6, "are no numbers"),
        ("lfemur 0 0 0", "lfemur 0 inf 0", 6, "not finite"),
        ("lfemur 0 0 0", "rfemur 0 0 0", 6, "'rfemur'"),
        ("lfemur 0 0 0\n", "", 4, "no bone 'lfemur'"),
        ("ltibia 47", "", 8, "no bone 'ltibia'"),
        ("\n2\n", "\n3\n", 8, "frame 3"),
        ("\n2\n", "\n²\n", 8, "bone '²'"),
        ("\n1\n", "\n", 4, "'root' is not expected"),
    ],
)
def test_damaged_angles_are_refused_with_their_line(files, old, new, line, words):
    files[0].write_text(AMC.replace(old, new, 1))
    with pytest.raises(GeoselfError) as error:
        read_amc(*files)
    assert error.value.code == DATA
    assert f"07_01.amc, line {line} " in str(error.value) and words in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("direction 0 1 0", "direction 0 1", 39, "2 numbers"),
        ("dof rx\n", "dof rx l\n", 33, "'l'"),
        ("XYZ\n     dof rx ry", "XXZ\n     dof rx ry", 21, "axis order 'xxz'"),
        ("name head", "name lfemur", 16, "'lfemur' is empty or there twice"),
        ("    lfemur ltibia", "    femur ltibia", 46, "'femur' has no parent"),
        ("    lfemur ltibia", "    lfemur ltibia2", 46, "'ltibia2' is not in :bonedata"),
        ("    lfemur ltibia", "    lfemur head", 46, "'head' has a parent already"),
        ("    lfemur ltibia\n", "", 27, "'ltibia' is not in :hierarchy"),
        (":hierarchy", ":hierarch", 47, "no :hierarchy"),
        ("length 0.45", "length 0", 6, "length 0"),
    ],
)
def test_damaged_bones_are_refused_with_their_line(files, old, new, line, words):
    assert old in ASF
    files[1].write_text(ASF.replace(old, new, 1))
    with pytest.raises(GeoselfError) as error:
        read_amc(*files)
    assert error.value.code == DATA
    assert f"07.asf, line {line} " in str(error.value) and words in str(error.value)


def test_bones_that_all_stand_still_are_no_motion(files):
    still = ASF.replace("   order TX TY TZ RX RY RZ\n", "")
    files[1].write_text("\n".join(line for line in still.split("\n") if "dof" not in line))
    files[0].write_text("1\n2\n")
    with pytest.raises(GeoselfError, match="no frame in it"):
        read_amc(*files)


def test_empty_and_missing_files_are_refused(files):
    files[0].write_text("")
    with pytest.raises(GeoselfError, match="no frame in it"):
        read_amc(*files)
    files[1].write_text("")
    with pytest.raises(GeoselfError, match="no :root"):
        read_amc(*files)
    with pytest.raises(GeoselfError) as error:
        read_amc(files[0], files[1].with_name("8.asf"))
    assert error.value.code == MISSING
