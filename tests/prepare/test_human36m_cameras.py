"""The shipped calibration against the numbers that VideoPose3D's common/h36m_dataset.py prints."""

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from geoself_jax.core.errors import GeoselfError
from geoself_jax.geometry.lenses import distort_pixels
from geoself_jax.prepare.datasets.human36m_cameras import CAMERAS, human36m_rig

# Camera: centre, focal length, radial k1 k2 k3, tangential (p2, p1), width and height.
LENSES = {
    "54138969": (
        (512.54150390625, 515.4514770507812),
        (1145.0494384765625, 1143.7811279296875),
        (-0.20709891617298126, 0.24777518212795258, -0.0030751503072679043),
        (-0.0009756988729350269, -0.00142447161488235),
        (1000, 1002),
    ),
    "55011271": (
        (508.8486328125, 508.0649108886719),
        (1149.6756591796875, 1147.5916748046875),
        (-0.1942136287689209, 0.2404085397720337, 0.006819975562393665),
        (-0.0016190266469493508, -0.0027408944442868233),
        (1000, 1000),
    ),
    "58860488": (
        (519.8158569335938, 501.40264892578125),
        (1149.1407470703125, 1148.7989501953125),
        (-0.2083381861448288, 0.25548800826072693, -0.0024604974314570427),
        (0.0014843869721516967, -0.0007599993259645998),
        (1000, 1000),
    ),
    "60457274": (
        (514.9682006835938, 501.88201904296875),
        (1145.5113525390625, 1144.77392578125),
        (-0.198384091258049, 0.21832367777824402, -0.008947807364165783),
        (-0.0005872055771760643, -0.0018133620033040643),
        (1000, 1002),
    ),
}
# Subject: for each camera the quaternion (w, x, y, z) camera to world, and its centre in mm.
PLACES = {
    "S1": (
        (
            (0.1407056450843811, -0.1500701755285263, -0.755240797996521, 0.6223280429840088),
            (1841.1070556640625, 4955.28466796875, 1563.4454345703125),
        ),
        (
            (0.6157187819480896, -0.764836311340332, -0.14833825826644897, 0.11794740706682205),
            (1761.278564453125, -5078.0068359375, 1606.2650146484375),
        ),
        (
            (0.14651472866535187, -0.14647851884365082, 0.7653023600578308, -0.6094175577163696),
            (-1846.7777099609375, 5215.04638671875, 1491.972412109375),
        ),
        (
            (0.5834008455276489, -0.7853162288665771, 0.14548823237419128, -0.14749594032764435),
            (-1794.7896728515625, -3722.698974609375, 1574.8927001953125),
        ),
    ),
    "S9": (
        (
            (0.15540587902069092, -0.15548215806484222, -0.7532095313072205, 0.6199594736099243),
            (2044.45849609375, 4935.1171875, 1481.2275390625),
        ),
        (
            (0.618784487247467, -0.7634735107421875, -0.14132238924503326, 0.11933968216180801),
            (1990.959716796875, -5123.810546875, 1568.8048095703125),
        ),
        (
            (0.13357827067375183, -0.1367100477218628, 0.7689454555511475, -0.6100738644599915),
            (-1670.9921875, 5211.98583984375, 1528.387939453125),
        ),
        (
            (0.5879399180412292, -0.7823407053947449, 0.1427614390850067, -0.14794869720935822),
            (-1696.04345703125, -3827.099853515625, 1591.4127197265625),
        ),
    ),
    "S11": (
        (
            (0.15232472121715546, -0.15442320704460144, -0.7547563314437866, 0.6191070079803467),
            (2098.440185546875, 4926.5546875, 1500.278564453125),
        ),
        (
            (0.6189449429512024, -0.7600917220115662, -0.15300633013248444, 0.1255258321762085),
            (2083.182373046875, -4912.1728515625, 1561.07861328125),
        ),
        (
            (0.14943228662014008, -0.15650227665901184, 0.7681233882904053, -0.6026304364204407),
            (-1609.8153076171875, 5177.3359375, 1537.896728515625),
        ),
        (
            (0.5894251465797424, -0.7818877100944519, 0.13991211354732513, -0.14715361595153809),
            (-1590.738037109375, -3854.1689453125, 1578.017578125),
        ),
    ),
}


def capture_volume():
    """World points, metres, where people move in Human3.6M."""
    axes = np.linspace(-1.5, 1.5, 7), np.linspace(-1.5, 1.5, 7), np.linspace(0, 1.9, 5)
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 3)


def ours(rig, view, points):
    local = (points - rig.center[view]) @ rig.R[view].T
    pinhole = local @ rig.K[view].T
    return distort_pixels(pinhole[:, :2] / pinhole[:, 2:], rig.K[view], rig.lenses[view])


@pytest.mark.parametrize("subject", PLACES)
def test_points_of_the_capture_volume_are_where_videopose3ds_numbers_put_them(subject):
    rig = human36m_rig(subject)
    assert rig.camera_names == tuple(LENSES) == CAMERAS
    for view, name in enumerate(CAMERAS):
        middle, focal, radial, tangential, size = LENSES[name]
        quaternion, center = PLACES[subject][view]
        R = Rotation.from_quat(quaternion, scalar_first=True).as_matrix().T  # camera to world
        K = np.array([[focal[0], 0, middle[0]], [0, focal[1], middle[1]], [0, 0, 1]])
        lens = np.array([*radial[:2], tangential[1], tangential[0], radial[2]])  # (p2, p1) there
        points = capture_volume()
        t = -R @ center / 1000
        wanted = cv2.projectPoints(points, cv2.Rodrigues(R)[0], t, K, lens)[0][:, 0]
        assert np.abs(ours(rig, view, points) - wanted).max() < 0.01
        assert np.abs(rig.center[view] - np.array(center) / 1000).max() < 1e-4
        assert tuple(rig.image_size[view]) == size


@pytest.mark.parametrize("subject", [f"S{i}" for i in range(1, 12)])
def test_all_eleven_rigs_stand_about_the_room_and_upright(subject):
    rig = human36m_rig(subject)
    assert np.abs(rig.R @ rig.R.transpose(0, 2, 1) - np.eye(3)).max() < 1e-9
    assert (np.linalg.det(rig.R) > 0).all()
    assert (-rig.R[:, 1] @ rig.world_up > 0.9).all()  # upwards in the images is up
    assert ((rig.center[:, 2] > 1.3) & (rig.center[:, 2] < 1.8)).all()
    shown = np.stack([ours(rig, view, np.array([[0, 0, 1.0]]))[0] for view in range(4)])
    assert (np.abs(shown - 500) < 320).all()  # a person in the middle is in all images


def test_a_subject_that_is_not_there_is_one_line():
    with pytest.raises(GeoselfError, match=r"'S12'.*known: S1, .*S11") as caught:
        human36m_rig("S12")
    assert caught.value.code == 65
