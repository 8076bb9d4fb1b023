"""Scales a musculoskeletal model by markers and tracks them, by OpenSim's Python alone.

    pip install opensim==4.6
    pip download --no-deps pose2sim==0.10.49 && unzip pose2sim-0.10.49-py3-none-any.whl
    python examples/run_opensim.py Pose2Sim/OpenSim_Setup Body25 anna.trc --scale 0 2.5 --out anna

anna.trc was written with `--markers=pose2sim --axes=world` (or pose2sim-halpe26, then Halpe26).
`--scale` is the range of seconds, as `lift` prints it, over which lengths of bones are averaged: a
marker with a gap in it leaves its bone unscaled. In the folder are then scaled.osim, ik.mot and
_ik_marker_errors.sto: the model, joint angles in degrees, and each frame's distance from the
markers in metres. OpenSim prints what it does, and which measurements it could not use. Where
the markers are 60 mm off or more from the first frame on, it was begun in a wrong posture, mostly
with raised arms: `--track` begins elsewhere.
"""

import argparse
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import opensim

MODEL = "Model_Pose2Sim_simple.osim"


def scale(setup: Path, markers: str, out: Path, start: float, end: float) -> None:
    """Writes scaled.osim from the markers.trc that is in the folder."""
    for name in (MODEL, f"Markers_{markers}.xml"):
        shutil.copy(setup / name, out / name)
    changes = {  # ScaleTool puts its setup file's folder before each of the files, whole paths too
        "GenericModelMaker/model_file": MODEL,
        "GenericModelMaker/marker_set_file": f"Markers_{markers}.xml",
        "ModelScaler/marker_file": "markers.trc",
        "MarkerPlacer/marker_file": "markers.trc",
        "ModelScaler/time_range": f"{start} {end}",
        "MarkerPlacer/time_range": f"{start} {end}",
        "ModelScaler/output_model_file": "scaled.osim",
    }
    change(setup / f"Scaling_Setup_Pose2Sim_{markers}.xml", changes, out / "scale.xml")
    opensim.ScaleTool(str(out / "scale.xml")).run()  # returns False, also where it has worked
    if not (out / "scaled.osim").exists():
        raise SystemExit("ScaleTool wrote no model")


def track(setup: Path, markers: str, out: Path, start: float, end: float) -> None:
    """Writes ik.mot from markers.trc and scaled.osim."""
    changes = {
        "model_file": str(out / "scaled.osim"),
        "marker_file": str(out / "markers.trc"),
        "time_range": f"{start} {end}",
        "results_directory": str(out),
        "output_motion_file": str(out / "ik.mot"),
    }
    change(setup / f"IK_Setup_Pose2Sim_{markers}.xml", changes, out / "ik.xml")
    opensim.InverseKinematicsTool(str(out / "ik.xml")).run()


def change(setup: Path, changes: dict[str, str], path: Path) -> None:
    """Writes a setup file with other values."""
    tree = ET.parse(setup)
    for key, value in changes.items():
        found = tree.find(f".//{key}")
        assert found is not None, key
        found.text = value
    tree.write(path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("setup", type=Path, help="Pose2Sim's folder OpenSim_Setup")
    parser.add_argument("markers", help="Body25 or Halpe26")
    parser.add_argument("trc", type=Path)
    parser.add_argument("--scale", type=float, nargs=2, metavar=("START", "END"), help="seconds")
    parser.add_argument("--track", type=float, nargs=2, metavar=("START", "END"), help="seconds")
    parser.add_argument(
        "--out", type=Path, default=Path("opensim"), help="folder to write (opensim)"
    )
    flags = parser.parse_args()
    out = flags.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    # Without the bones' shapes OpenSim prints 150 warnings, and the few that matter are among them.
    opensim.ModelVisualizer.addDirToGeometrySearchPaths(str(flags.setup.resolve() / "Geometry"))
    shutil.copy(flags.trc, out / "markers.trc")
    times = opensim.TimeSeriesTableVec3(str(out / "markers.trc")).getIndependentColumn()
    whole = (times[0], times[-1])
    scale(flags.setup, flags.markers, out, *(flags.scale or whole))
    track(flags.setup, flags.markers, out, *(flags.track or whole))
    errors = opensim.TimeSeriesTable(str(out / "_ik_marker_errors.sto"))
    off = sorted(errors.getDependentColumn("marker_error_RMS").to_numpy())
    median, most = 1000 * off[len(off) // 2], 1000 * off[-1]
    print(f"{len(off)} of {len(times)} rows of markers tracked: {out / 'ik.mot'}")
    print(
        f"the model's markers are {median:.0f} mm off (RMS, median of frames; {most:.0f} at most)"
    )


if __name__ == "__main__":
    main()
