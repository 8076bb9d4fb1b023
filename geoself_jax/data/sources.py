"""One name for any recording: a file, a TensorFlow Dataset, or the built-in synthetic data."""

import dataclasses
import difflib
import shlex
from pathlib import Path

import numpy as np

from geoself_jax.core.config import DataConfig, limits_of
from geoself_jax.core.errors import data_error, missing_error, nearest_name, usage_error
from geoself_jax.data import recording
from geoself_jax.data.files.mistaken import not_a_recording
from geoself_jax.data.recording import Recording

SYNTHETIC = (
    "synthetic:train",
    "synthetic:test",
    "synthetic:train/smooth",
    "synthetic:test/smooth",
)


def place(source: str) -> Path | None:
    """The file or folder that a recording is read from; None where it is made up.

    Args:
        source: As of `load`.

    Raises:
        GeoselfError: No such source (64).
    """
    if source.startswith("tfds:"):
        from geoself_jax.data.tfds import names

        return names.parse(source).folder
    return None if source.startswith("synthetic:") else Path(source)


def check_kind(source: str) -> None:
    """Refuses what is no recording by what it is, before it is read as one.

    Args:
        source: Path of a file.

    Raises:
        GeoselfError: There is none (66); it is something else (65).
    """
    path = Path(source)
    if not source:
        raise missing_error("''", "no name of a recording", "give a file, or synthetic:train")
    if not path.exists():
        near = difflib.get_close_matches(source, SYNTHETIC, n=1, cutoff=0.7)
        if near:
            raise missing_error(source, "no such file", f"did you mean {near[0]}?")
        return
    known = not_a_recording(path)
    if known is not None:
        what, do = known
        raise data_error(source, f"is {what}", do.replace("PATH", shlex.quote(source)))


def load(source: str, *, synthetic_frames: int) -> Recording:
    """Loads a recording.

    Args:
        source: Path of an .npz file of format geoself-multiview/1, `synthetic:train`,
            `synthetic:test`, these two with `/smooth` for the second model of a detector, or
            `tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]`.
        synthetic_frames: Frames to generate where the source is synthetic.

    Raises:
        GeoselfError: No such source (64, 66); damaged data (65); what it needs is not installed
            (69).
    """
    if source.startswith("tfds:"):
        from geoself_jax.data.tfds import reading

        return reading.read(source)
    if not source.startswith("synthetic:"):
        check_kind(source)
        return recording.read(Path(source))
    if source not in SYNTHETIC:
        raise usage_error(f"{source!r}", "no such synthetic data", nearest_name(source, SYNTHETIC))
    least, most = limits_of(DataConfig)["synthetic_frames"]
    if not least <= synthetic_frames <= most:
        what, wanted = f"{source} of {synthetic_frames} frames", f"wanted {least} to {most}"
        raise usage_error(what, wanted, "correct the number")
    return _generated(source, synthetic_frames)


def _generated(source: str, frames: int) -> Recording:
    """The built-in data; made once and kept, as they take a second or more."""
    from geoself_jax.data.kept import kept
    from geoself_jax.data.synthetic import generate

    made: list[Recording] = []

    def make() -> dict[str, np.ndarray]:
        split, _, detector = source.removeprefix("synthetic:").partition("/")
        arrays = generate(split, frames, detector=detector or "heatmap")
        made.append(recording.from_arrays(arrays, source))
        lens = {} if made[0].dist is None else {"lens": made[0].dist}
        plain = recording.arrays_of(made[0])
        own = {"fingerprint": np.array(made[0].fingerprint)}
        return plain | lens | own | {"fingerprints": np.array([*made[0].fingerprints.items()])}

    arrays = kept(
        source.replace(":", "-").replace("/", "-"), f"{source} {frames}", make, by_jax=False
    )
    if made:
        return made[0]
    return dataclasses.replace(
        recording.from_arrays(arrays, source),
        dist=arrays.get("lens"),
        fingerprint=str(arrays["fingerprint"].item()),
        fingerprints={name: digest for name, digest in arrays["fingerprints"].tolist()},
    )
