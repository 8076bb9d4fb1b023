"""Makes a .trc of a .c3d by OpenSim, in an environment of its own.

    PYTHON c3d_worker.py FILE.c3d FILE.trc

The markers are as OpenSim reads them, z up turned to y up. It needs no more of this repository than
this file.
"""

import math
import sys


def main() -> None:
    """Command line."""
    import opensim

    given, trc = sys.argv[1:]
    if not hasattr(opensim, "C3DFileAdapter"):
        raise SystemExit("not run: this OpenSim has no C3DFileAdapter")
    adapter = opensim.C3DFileAdapter()
    markers = adapter.getMarkersTable(adapter.read(given))
    turn = opensim.Rotation(-math.pi / 2, opensim.CoordinateAxis(0))
    for row in range(markers.getNumRows()):
        markers.setRowAtIndex(row, turn.multiply(markers.getRowAtIndex(row)))
    opensim.TRCFileAdapter().write(markers, trc)


if __name__ == "__main__":
    main()
