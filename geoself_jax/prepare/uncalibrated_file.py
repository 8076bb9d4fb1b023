"""A file without cameras: what it holds, and the command that finds them."""

from collections.abc import Mapping

import numpy as np

from geoself_jax.core.skeleton import normalized

_PLACES = ("R", "center", "world_up")
_LEGS = tuple(f"{side}{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle"))


def without_cameras(arrays: Mapping[str, np.ndarray], *, intrinsics: bool) -> dict[str, np.ndarray]:
    """The arrays without where cameras stand, and without what was not given.

    Args:
        arrays: Of format geoself-multiview/1, with stand-ins.
        intrinsics: Whether K and dist are known.
    """
    left_out = _PLACES if intrinsics else (*_PLACES, "K", "dist")
    return {name: array for name, array in arrays.items() if name not in left_out}


def calibrate_flags(
    arrays: Mapping[str, np.ndarray], output: str, *, trimmed: bool = False
) -> tuple[list[str], str]:
    """Flags of `geoself calibrate` for the file, and what its length is, in words.

    Args:
        arrays: Of the file.
        output: Its path.
        trimmed: Whether cameras had unequal numbers of frames, as if started by hand.
    """
    cameras = [str(name) for name in arrays["camera_names"]]
    joints = {normalized(str(name)) for name in arrays["joint_names"]}
    if joints.issuperset(_LEGS):
        scale, length = "height=1.75", "the person's height, metres"
    else:
        scale = f"baseline:{cameras[0]},{cameras[1]}=1.0"
        length = f"metres from {cameras[0]} to {cameras[1]}, lens to lens"
    guess = [] if "K" in arrays else ["--intrinsics=guess"]
    guess += ["--sync"] * trimmed
    found = f"{output.removesuffix('.npz')}_calibrated.npz"
    flags = [f"--data={output}", *guess, f"--scale={scale}", f"--output={found}"]
    return flags, length
