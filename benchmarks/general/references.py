"""The recordings that general models are scored on: other people, other cameras, a real clip."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.general.scoring import Reference
from geoself_jax.data.recording import Recording, read
from geoself_jax.data.sources import load
from geoself_jax.data.training_set import triangulate_recording

SHARED = Path("../shared/data")
EVERY = 5  # frames of rig dev
FRAMES = 2000  # of the built-in test people


def references(data: Path = SHARED) -> dict[str, Reference]:
    """Returns the recordings that are there, with what poses are compared with.

    Args:
        data: Folder of cmu_h36m_rig and real_clip; what is not in it is left out.
    """
    result = {}
    dev = data / "cmu_h36m_rig/dev.npz"
    if dev.is_file():
        recording = read(dev)
        result["rig dev"] = _with_truth(recording.select(np.arange(0, recording.frames, EVERY)))
    result["synthetic:test"] = _with_truth(load("synthetic:test", synthetic_frames=FRAMES))
    if (data / "real_clip").is_dir():
        clip = real_clip(data / "real_clip")
        result["real clip"] = Reference(clip, triangulate_recording(clip, "refined"))
    return result


def _with_truth(recording: Recording) -> Reference:
    assert recording.pose_world is not None
    return Reference(recording, recording.pose_world)


def real_clip(data: Path) -> Recording:
    """Returns the clip as `prepare` reads it.

    Args:
        data: Folder of its files.
    """
    with tempfile.TemporaryDirectory() as made:
        inputs = Path(made) / "balancing"
        inputs.mkdir()
        for path in [*data.glob("cam*.json"), data / "calib.toml"]:
            (inputs / path.name).write_bytes(path.read_bytes())
        out = Path(made) / "clip.npz"
        words = ("--fps=60", "--skeleton=coco_17", "--subject=anna", f"--output={out}")
        command = (sys.executable, "-m", "geoself_jax.prepare", f"--input={inputs}", *words)
        subprocess.run(command, check=True, capture_output=True)
        return read(out)
