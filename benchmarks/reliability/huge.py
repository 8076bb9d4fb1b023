"""Row 24: files that claim, or have, more than a machine holds."""

import pickle
from pathlib import Path

import h5py
import numpy as np

from benchmarks.reliability.lab import ROOT, Lab, of_tests
from benchmarks.reliability.tally import Tally

MOST_MEMORY = 500
"""MiB."""
_PEAK = """
import sys
from pathlib import Path
from geoself_jax.core.errors import GeoselfError
words = sys.argv[1:]
try:
    {call}
    print("read")
except GeoselfError as error:
    print("refused", error.code, error)
with open("/proc/self/status") as stream:
    peak = next(int(line.split()[1]) for line in stream if line.startswith("VmHWM"))
print(peak // 1024)
"""
_READ = {
    "recording": "from geoself_jax.data import recording; recording.read(Path(words[0]))",
    "detections": (
        "from geoself_jax.prepare.detections import read_detections; "
        "read_detections(Path(words[0]))"
    ),
    "npz": "from geoself_jax.data import files; files.load_npz(Path(words[0]), objects=True)",
    "hdf5": "from geoself_jax.data import files; files.load_hdf5(Path(words[0]))",
}


def claim(lab: Lab, count: int, tally: Tally) -> None:
    """Each is refused, by a process whose peak of memory is looked at."""
    folder = lab.new("huge")
    for name, (path, reader, must) in _files(folder).items():
        said, peak = _in_a_process(path, reader)
        good = said.startswith(must) and peak < MOST_MEMORY
        tally.check(good, f"{name}: {peak} MiB: {said}")
        path.unlink()
    tally.note(f"most memory allowed: {MOST_MEMORY} MiB")


def _in_a_process(path: Path, reader: str) -> tuple[str, int]:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", _PEAK.format(call=_READ[reader]), str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) < 2:
        return f"exit code {done.returncode}: {done.stderr[-300:]}", 0
    return lines[-2], int(lines[-1])


def _files(folder: Path) -> dict[str, tuple[Path, str, str]]:
    hostile = of_tests("hostile")
    plain = hostile.npy(bytes(24), "'<f8'", "(625000000,)")
    made = {
        "5 GB packed": (hostile.five_gigabytes(), "recording", "refused 65"),
        "a header of 5 GB": (hostile.archive(("K.npy", plain)), "recording", "refused 65"),
        "5 GB packed, objects": (hostile.five_gigabytes(), "npz", "refused 65"),
    }
    found = {}
    for number, (name, (content, reader, must)) in enumerate(made.items()):
        path = folder / f"{number}.npz"
        path.write_bytes(content)
        found[name] = path, reader, must
    path = folder / "800.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", (1, 2, 17, 3 * 10**9), "f8", chunks=(1, 2, 17, 10**4))
        file["node_names"] = [b"a"] * 17
    found["800 GB of HDF5"] = path, "detections", "refused 65"
    found["800 GB of HDF5, plain"] = _copied(path, folder / "801.h5"), "hdf5", "refused 65"
    deep = folder / "deep.json"
    deep.write_text("[" * 10**6)
    found["lists a million deep"] = deep, "detections", "refused 65"
    return found | _many(folder)


def _copied(path: Path, to: Path) -> Path:
    to.write_bytes(path.read_bytes())
    return to


def _many(folder: Path) -> dict[str, tuple[Path, str, str]]:
    """A million videos in one file, each of one frame of one joint; and of nothing."""
    videos = {f"v{number}": number for number in range(10**6)}
    pickled = np.array(pickle.dumps(videos))
    del pickled
    path = folder / "million.npz"
    np.savez(path, positions_2d=np.array({"S1": videos}, object))
    lines = folder / "million.csv"
    lines.write_text("frame,x,y\n" + "0,1,2\n" * 10**6)
    return {
        "a million videos": (path, "npz", ""),
        "a million lines": (lines, "detections", "refused 65"),
    }
