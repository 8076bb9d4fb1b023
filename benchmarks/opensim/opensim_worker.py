"""Scales Pose2Sim's model and tracks markers by OpenSim, in an environment of its own.

    PYTHON opensim_worker.py JOB.json

A job: `markers` (.trc or .c3d), `setup` (the folder OpenSim_Setup), `set` (Body25 or Halpe26),
`folder` to write into, `scale_range` (seconds, or null for all). It writes `scaled.osim`, `ik.mot`
and `result.json`: frames read and tracked, the scale factors, each frame's RMS of the markers, m.
It needs no more of this repository than this file.
"""

import json
import math
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any


def main() -> None:
    """Runs the job."""
    job = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(job["folder"])
    given, trc = Path(job["markers"]), folder / "markers.trc"
    if given.suffix == ".c3d":
        from_c3d(given, trc)
    else:
        shutil.copy(given, trc)
    times = times_of(trc)
    model = scaled(job, trc, job["scale_range"] or (times[0], times[-1]))
    motion = tracked(job, trc, model, (times[0], times[-1]))
    result: dict[str, Any] = {"rows": len(times), "tracked": len(table(motion)[1])}
    names, rows = table(folder / "_ik_marker_errors.sto")
    result["rms_m"] = [row[names.index("marker_error_RMS")] for row in rows]
    names, rows = table(motion)
    result["angles"] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    (folder / "result.json").write_text(json.dumps(result))


def from_c3d(path: Path, trc: Path) -> None:
    """Writes the markers of a .c3d as OpenSim reads them, y up, as a .trc.

    Args:
        path: The .c3d, z up.
        trc: To write.
    """
    import opensim

    if not hasattr(opensim, "C3DFileAdapter"):
        raise SystemExit("not run: this OpenSim has no C3DFileAdapter")
    adapter = opensim.C3DFileAdapter()
    markers = adapter.getMarkersTable(adapter.read(str(path)))
    turn = opensim.Rotation(-math.pi / 2, opensim.CoordinateAxis(0))
    for row in range(markers.getNumRows()):
        markers.setRowAtIndex(row, turn.multiply(markers.getRowAtIndex(row)))
    opensim.TRCFileAdapter().write(markers, str(trc))


def times_of(trc: Path) -> list[float]:
    """The times of a .trc as OpenSim reads them, seconds.

    Args:
        trc: The file.
    """
    import opensim

    return list(opensim.TimeSeriesTableVec3(str(trc)).getIndependentColumn())


def scaled(job: dict[str, Any], trc: Path, seconds: tuple[float, float]) -> Path:
    """The model with its markers, scaled by the setup file's own measurements.

    Args:
        job: As of this file.
        trc: The markers.
        seconds: Range of them that the lengths are averaged over.
    """
    import opensim

    setup, folder = Path(job["setup"]), Path(job["folder"])
    model = opensim.Model(str(setup / "Model_Pose2Sim_simple.osim"))
    markers = opensim.MarkerSet(str(setup / f"Markers_{job['set']}.xml"))
    model.set_MarkerSet(markers)
    model.initSystem()
    model.printToXML(str(folder / "unscaled.osim"))
    tree = ET.parse(setup / f"Scaling_Setup_Pose2Sim_{job['set']}.xml")
    root, scaler = tree.getroot(), tree.find(".//ModelScaler")
    assert scaler is not None
    _set(root, ".//GenericModelMaker/model_file", "unscaled.osim")
    for element in root.findall(".//marker_file"):
        element.text = trc.name  # ScaleTool puts the setup file's folder before it, always
    for element in root.findall(".//time_range"):
        element.text = f"{seconds[0]} {seconds[1]}"
    _set(scaler, "output_model_file", "scaled.osim")
    _set(scaler, "output_scale_file", "scales.xml")
    tree.write(folder / "scaling_setup.xml")
    model_file = folder / "scaled.osim"
    opensim.ScaleTool(str(folder / "scaling_setup.xml")).run()  # False where it has worked, too
    if not model_file.exists():
        raise SystemExit("ScaleTool failed")
    return model_file


def tracked(job: dict[str, Any], trc: Path, model: Path, seconds: tuple[float, float]) -> Path:
    """The motion by inverse kinematics, a .mot.

    Args:
        job: As of this file.
        trc: The markers.
        model: That is scaled.
        seconds: Range of them.
    """
    import opensim

    setup, folder = Path(job["setup"]), Path(job["folder"])
    tree = ET.parse(setup / f"IK_Setup_Pose2Sim_{job['set']}.xml")
    root = tree.getroot()
    _set(root, ".//results_directory", folder)
    _set(root, ".//model_file", model)
    _set(root, ".//marker_file", trc)
    _set(root, ".//time_range", f"{seconds[0]} {seconds[1]}")
    _set(root, ".//output_motion_file", folder / "ik.mot")
    tree.write(folder / "ik_setup.xml")
    if not opensim.InverseKinematicsTool(str(folder / "ik_setup.xml")).run():
        raise SystemExit("InverseKinematicsTool failed")
    return folder / "ik.mot"


def table(path: Path) -> tuple[list[str], list[list[float]]]:
    """The columns and the rows of a .mot or .sto.

    Args:
        path: The file.
    """
    _, _, body = path.read_text().partition("endheader\n")
    names, *rows = body.strip().split("\n")
    return names.split(), [[float(cell) for cell in row.split()] for row in rows]


def _set(root: ET.Element, path: str, value: object) -> None:
    found = root.find(path)
    assert found is not None, path
    found.text = str(value)


if __name__ == "__main__":
    main()
