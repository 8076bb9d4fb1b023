"""A known rig written as other programs write it, by other libraries than the package's."""

import json
import pickle
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import cv2
import numpy as np
import tomli_w
from scipy.io import savemat
from scipy.spatial.transform import Rotation
from tiny import make_arrays

from geoself_jax.prepare.calibrations.native import write_native
from geoself_jax.prepare.datasets.human36m_cameras import human36m_rig

Y_DOWN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # of a world with z up
Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


@dataclass
class Known:
    """Cameras of the tiny recording: x_cam = R (x - center), metres, z up unless turned."""

    names: list
    K: np.ndarray
    dist: np.ndarray
    R: np.ndarray
    center: np.ndarray
    points: np.ndarray
    size: tuple = (1000, 1002)

    def t(self, unit):
        """(V, 3) of x_cam = R x + t, in a unit of N metres."""
        return -np.einsum("vij,vj->vi", self.R, self.center) / unit

    def rvec(self, view):
        return Rotation.from_matrix(self.R[view]).as_rotvec()

    def turned(self, axes):
        """The same rig in a world of other axes."""
        return replace(
            self, R=self.R @ axes.T, center=self.center @ axes.T, points=self.points @ axes.T
        )

    def pixels(self, view):
        """Where OpenCV projects the points to, from the original numbers."""
        t = self.t(1)[view]
        projected = cv2.projectPoints(
            self.points, self.rvec(view), t, self.K[view], self.dist[view]
        )
        return projected[0][:, 0]


def known_rig(names=("left", "right", "front", "back")):
    arrays = make_arrays()
    views = len(names)
    return Known(
        list(names),
        *(arrays[key][0][:views].astype(float) for key in ("K", "dist", "R", "center")),
        points=arrays["pose_world"][::60].reshape(-1, 3).astype(float),
    )


def toml_tables(known, tables, *, unit, coefficients=5, **more):
    """Tables as Pose2Sim and Anipose have them."""
    return {
        table: {
            "name": known.names[view],
            "size": [float(side) for side in known.size],
            "matrix": known.K[view].tolist(),
            "distortions": known.dist[view][:coefficients].tolist(),
            "rotation": known.rvec(view).tolist(),
            "translation": known.t(unit)[view].tolist(),
            **more,
        }
        for view, table in enumerate(tables)
    }


def write_pose2sim(known, path, unit=1.0):
    tables = toml_tables(known, known.names, unit=unit, coefficients=4, fisheye=False)
    tables["metadata"] = {"adjusted": False, "error": 0.0}
    path.write_text(tomli_w.dumps(tables))


def write_anipose(known, path, unit):
    tables = toml_tables(known, [f"cam_{i}" for i in range(len(known.names))], unit=unit)
    tables["metadata"] = {"adjusted": True, "error": 0.31}
    path.write_text(tomli_w.dumps(tables))


def panoptic_cameras(known, kind="hd"):
    return [
        {
            "name": name,
            "type": kind,
            "resolution": list(known.size),
            "panel": 0,
            "node": view + 1,
            "K": known.K[view].tolist(),
            "distCoef": known.dist[view].tolist(),
            "R": known.R[view].tolist(),
            "t": known.t(0.01)[view][:, None].tolist(),
        }
        for view, name in enumerate(known.names)
    ]


def write_panoptic(known, path, more=()):
    content = {"calibDataSource": "x", "cameras": [*more, *panoptic_cameras(known)]}
    path.write_text(json.dumps(content))


def write_aist(known, path):
    cameras = [
        {
            "name": name,
            "size": list(known.size),
            "matrix": known.K[view].tolist(),
            "rotation": known.rvec(view).tolist(),
            "translation": known.t(0.01)[view].tolist(),
            "distortions": known.dist[view].tolist(),
        }
        for view, name in enumerate(known.names)
    ]
    path.write_text(json.dumps(cameras))


def write_karfly(rigs, path):
    """`rigs`: known rigs of the same lenses, by subject."""
    first = next(iter(rigs.values()))
    content = {
        "intrinsics": {
            name: {
                "calibration_matrix": first.K[view].tolist(),
                "distortion": first.dist[view].tolist(),
            }
            for view, name in enumerate(first.names)
        },
        "extrinsics": {
            subject: {
                name: {"R": rig.R[view].tolist(), "t": rig.t(0.001)[view][:, None].tolist()}
                for view, name in enumerate(rig.names)
            }
            for subject, rig in rigs.items()
        },
    }
    path.write_text(json.dumps(content, indent=2))


def write_mpi_inf_3dhp(known, path):
    lines = ["Skeletool Camera Calibration File V1.0"]
    for view, name in enumerate(known.names):
        inner, outer = np.eye(4), np.eye(4)
        inner[:3, :3] = known.K[view]
        outer[:3, :3], outer[:3, 3] = known.R[view], known.t(0.001)[view]
        lines += [
            f"name          {name}",
            "  sensor      10 10",
            f"  size        {known.size[0]} {known.size[1]}",
            "  animated    0",
            "  intrinsic   " + " ".join(f"{x:.9g}" for x in inner.ravel()) + " ",
            "  extrinsic   " + " ".join(f"{x:.12g}" for x in outer.ravel()) + " ",
            "  radial      0",
        ]
    path.write_text("\n".join(lines) + "\n")


def write_opencv(path, values):
    """Matrices, numbers and text by name, through cv2.FileStorage."""
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for name, value in values.items():
        storage.write(name, np.asarray(value, float) if isinstance(value, np.ndarray) else value)
    storage.release()


def opencv_values(
    known, view, end="", names=("camera_matrix", "distortion_coefficients", "R", "T")
):
    values = known.K[view], known.dist[view][None], known.R[view], known.t(0.001)[view][:, None]
    return {name + end: value for name, value in zip(names, values, strict=True)}


def write_caliscope(known, path):
    """As Caliscope 0.11.8: tables by number, no names, centimetres asked for and metres kept."""
    cameras = {
        str(view): {"cam_id": view, "rotation_count": 0, "error": 0.4, "grid_count": 20} | table
        for view, table in enumerate(
            toml_tables(known, [str(v) for v in range(len(known.names))], unit=1).values()
        )
    }
    for camera in cameras.values():
        del camera["name"]
        camera["fisheye"] = False
    path.write_text(tomli_w.dumps({"cameras": cameras}))


def write_qualisys(known, path):
    """As QTM: 1/64 px on the sensor, millimetres, camera axes y up and z backwards."""
    width, height = known.size
    root = ElementTree.Element("calibration", {"type": "regular", "source": "x"})
    cameras = ElementTree.SubElement(root, "cameras")
    for view, name in enumerate(known.names):
        camera = ElementTree.SubElement(
            cameras, "camera", {"active": "1", "model": "Miqus Video", "serial": name}
        )
        corner = {"left": 8, "top": 4, "right": width + 7, "bottom": height + 3}
        k1, k2, p1, p2, k3 = known.dist[view]
        K = known.K[view] * 64
        inner = {
            **{"focalLengthU": K[0, 0], "focalLengthV": K[1, 1]},
            **{"centerPointU": K[0, 2] + 8 * 64, "centerPointV": K[1, 2] + 4 * 64, "skew": 0},
            **{"radialDistortion1": k1, "radialDistortion2": k2, "radialDistortion3": k3},
            **{"tangentalDistortion1": p1, "tangentalDistortion2": p2},
        }
        R = np.diag([1, -1, -1]) @ known.R[view]
        place = dict(zip("xyz", known.center[view] * 1000, strict=True))
        turn = {f"r{i + 1}{j + 1}": R[i, j] for i in range(3) for j in range(3)}
        for tag, values in (
            ("fov_video", corner),
            ("transform", place | turn),
            ("intrinsic", inner),
        ):
            ElementTree.SubElement(camera, tag, {k: repr(float(v)) for k, v in values.items()})
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def write_vicon(known, path, radial=(0.0, 0.0, 0.0)):
    """As the description of XCP has it: cameras by DEVICEID, millimetres, quaternions x y z w."""
    root = ElementTree.Element("Cameras")
    for view, name in enumerate(known.names):
        K = known.K[view]
        attributes = {"DEVICEID": name, "TYPE": "Vue.Video", "DISPLAY_TYPE": "Vue", "SKEW": "0"}
        attributes["SENSOR_SIZE"] = "{} {}".format(*known.size)
        attributes["PIXEL_ASPECT_RATIO"] = repr(float(K[0, 0] / K[1, 1]))
        camera = ElementTree.SubElement(root, "Camera", attributes)
        numbers = {
            "FOCAL_LENGTH": [K[0, 0]],
            "PRINCIPAL_POINT": K[:2, 2],
            "POSITION": known.center[view] * 1000,
            "ORIENTATION": Rotation.from_matrix(known.R[view]).as_quat(),
        }
        texts = {key: " ".join(repr(float(x)) for x in row) for key, row in numbers.items()}
        lens = [*K[:2, 2], *radial]
        texts["VICON_RADIAL2"] = "ViconRadial2 " + " ".join(repr(float(x)) for x in lens)
        frames = ElementTree.SubElement(camera, "KeyFrames")
        ElementTree.SubElement(frames, "KeyFrame", {"FRAME": "0", **texts})
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def write_fit3d(known, folder):
    """A JSON a camera, T its centre; the lens in Human3.6M's form, without tangential part."""
    folder.mkdir(exist_ok=True)
    for view, name in enumerate(known.names):
        K, (k1, k2, _, _, k3) = known.K[view], known.dist[view]
        lens = {"f": [[K[0, 0], K[1, 1]]], "c": [[K[0, 2], K[1, 2]]]}
        content = {
            "extrinsics": {"T": [known.center[view].tolist()], "R": known.R[view].tolist()},
            "intrinsics_w_distortion": {**lens, "k": [[k1, k2, k3]], "p": [[0.0, 0.0]]},
            "intrinsics_wo_distortion": {key: value[0] for key, value in lens.items()},
        }
        (folder / f"{name}.json").write_text(json.dumps(content))


def write_voxelpose(known, path):
    content = {}
    for view, name in enumerate(known.names):
        K, (k1, k2, p1, p2, k3) = known.K[view], known.dist[view]
        content[name] = {
            **{"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "K": K.tolist()},
            **{"k": [[k1], [k2], [k3]], "p": [[p1], [p2]], "R": known.R[view].tolist()},
            "T": (known.center[view] * 1000)[:, None].tolist(),
        }
    path.write_text(json.dumps(content))


def write_opencap(known, folder):
    """A pickle a camera in its folder, a world whose y is down: `known` is turned by Y_DOWN."""
    for view, name in enumerate(known.names):
        (folder / name).mkdir(parents=True)
        path = folder / name / "cameraIntrinsicsExtrinsics.pickle"
        path.write_bytes(pickle.dumps(opencap_camera(known, view)))


def opencap_camera(known, view):
    return {
        "distortion": known.dist[view][None],
        "intrinsicMat": known.K[view],
        "imageSize": np.array(known.size, float)[::-1, None],
        "rotation": known.R[view],
        "translation": known.t(0.001)[view][:, None],
        "rotation_EulerAngles": known.rvec(view)[:, None],
    }


def write_biocv(known, folder, last=False):
    """A .calib a camera; with the row 0 0 0 1 if `last`."""
    folder.mkdir(exist_ok=True)
    for view, name in enumerate(known.names):
        outer = np.column_stack([known.R[view], known.t(0.001)[view]]).tolist()
        rows = [*known.K[view].tolist(), [], *outer, *([[0.0, 0, 0, 1]] if last else []), []]
        lines = [" ".join(repr(x) for x in row) for row in (*rows, known.dist[view].tolist())]
        head = [str(side) for side in known.size]
        (folder / f"{name}.calib").write_text("\n".join([*head, *lines, ""]))


def write_jarvis(known, folder):
    """A YAML a camera: camera matrix and rotation are those for row vectors."""
    folder.mkdir(exist_ok=True)
    names = ("intrinsicMatrix", "distortionCoefficients", "R", "T")
    for view, name in enumerate(known.names):
        values = opencv_values(known, view, names=names)
        values |= {key: values[key].T for key in ("intrinsicMatrix", "R")}
        write_opencv(folder / f"{name}.yaml", values)


def dannce_camera(known, view, first=1):
    """The struct of a camera: matrices for row vectors, pixels counted from `first`."""
    k1, k2, p1, p2, k3 = known.dist[view]
    K = known.K[view].T.copy()
    K[2, :2] += first
    lens = {"RDistort": np.array([[k1, k2, k3]]), "TDistort": np.array([[p1, p2]])}
    return {"K": K, "r": known.R[view].T, "t": known.t(0.001)[view][None], **lens}


def cells(values):
    """A cell array, as SciPy writes it."""
    array = np.empty((len(values), 1), object)
    array[:, 0] = values
    return array


def write_matlab(path, values, first=1, packed=False):
    """A MATLAB file whose first line is MATLAB's, where pixels count from 1, or SciPy's."""
    savemat(path, values, do_compression=packed)
    if first:
        line = b"MATLAB 5.0 MAT-file, Platform: GLNXA64, Created on: Tue Aug 11 09:47:46 2020"
        path.write_bytes(line.ljust(116) + path.read_bytes()[116:])


def write_dannce(known, path, first=1, packed=False, **more):
    """A file of all cameras; `more` replaces its variables, None leaves one out."""
    cameras = [dannce_camera(known, view, first) for view in range(len(known.names))]
    values = {"params": cells(cameras), "camnames": cells(known.names).T} | more
    values = {key: value for key, value in values.items() if value is not None}
    write_matlab(path, values, first, packed)


def dlt(known, *, height=None, first=1, unit=1.0, world=None):
    """(11, V) coefficients as the programs fit them: no lens, of the point (u, v) of a detector
    (u + first, v + first), or with a height (u + first, height - v); `world` (3, 3) turns axes.
    """
    to_world = np.eye(4)
    to_world[:3, :3] = np.eye(3) if world is None else np.linalg.inv(world)
    to_world[:3] *= unit
    columns = []
    for view in range(len(known.names)):
        move = np.array([[1.0, 0, first], [0, 1, first], [0, 0, 1]])
        if height is not None:
            move[1] = 0, -1, height
        P = move @ known.K[view] @ np.column_stack([known.R[view], known.t(1)[view]]) @ to_world
        columns.append((P / P[2, 3]).ravel()[:11])
    return np.stack(columns, -1)


def write_dlt(path, coefficients, digits="%.17g"):
    """A table as dlmwrite and pandas leave it: commas, no header; five digits are dlmwrite's."""
    np.savetxt(path, coefficients, fmt=digits, delimiter=",")


WRITERS = {
    "pose2sim": lambda known, path: write_pose2sim(known, path / "c.toml"),
    "anipose": lambda known, path: write_anipose(known, path / "c.toml", 0.001),
    "caliscope": lambda known, path: write_caliscope(known, path / "c.toml"),
    "qualisys": lambda known, path: write_qualisys(known, path / "c.qca.txt"),
    "panoptic": lambda known, path: write_panoptic(known, path / "c.json"),
    "aist": lambda known, path: write_aist(known, path / "c.json"),
    "karfly": lambda known, path: write_karfly({"S1": known}, path / "c.json"),
    "mpi_inf_3dhp": lambda known, path: write_mpi_inf_3dhp(known, path / "camera.calibration"),
    "opencv": lambda known, path: write_opencv(path / "c.yml", opencv_values(known, 0)),
    "vicon": lambda known, path: write_vicon(known, path / "c.xcp"),
    "fit3d": lambda known, path: write_fit3d(replace(known, names=known.names[:1]), path),
    "voxelpose": lambda known, path: write_voxelpose(known, path / "c.json"),
    "opencap": lambda known, path: (path / "left.pickle").write_bytes(
        pickle.dumps(opencap_camera(known, 0))
    ),
    "biocv": lambda known, path: write_biocv(replace(known, names=known.names[:1]), path),
    "jarvis": lambda known, path: write_jarvis(replace(known, names=known.names[:1]), path),
    "dannce": lambda known, path: write_dannce(known, path / "label3d_dannce.mat"),
    "dlt_lower": lambda known, path: write_dlt(
        path / "wand-dlt-coefficients.csv", dlt(known, height=known.size[1], first=0)
    ),
    "dlt_upper": lambda known, path: write_dlt(path / "exported_dltCoefs.csv", dlt(known)),
    "native": lambda known, path: write_native(human36m_rig("S1"), path / "c.json"),
}

ONE_CAMERA = ("opencv", "fit3d", "opencap", "biocv", "jarvis")
"""Formats of which the writer above makes a file of one camera."""
