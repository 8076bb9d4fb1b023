"""Legs: paws that stay where they are set down, and joints in between that bones reach."""

import numpy as np

from geoself_jax.data.synthetic.smooth_curves import bump, ease

Array = np.ndarray


def planted(phase: Array, below: Array, duty: float, lift: float) -> Array:
    """Where a paw is, on the floor or on its way to its next place.

    Args:
        phase: (frames,) strides done, never falling; a stance begins at each whole number.
        below: (frames, 2) the point of the floor that the paw keeps to, on average.
        duty: Share of a stride that the paw stands.
        lift: How high it is lifted in between, metres.

    Returns:
        (frames, 3); a paw that stands does not move.
    """
    rising = phase + 1e-6 * np.arange(len(phase))
    strides = np.arange(np.floor(rising[0]), np.floor(rising[-1]) + 3)
    frames = np.interp(strides + duty / 2, rising, np.arange(len(phase)))
    places = [np.interp(frames, np.arange(len(phase)), below[:, axis]) for axis in (0, 1)]
    spots = np.stack(places, axis=-1)
    stride = np.floor(rising)
    swing = np.clip((rising - stride - duty) / (1 - duty), 0, 1)
    at = (stride - strides[0]).astype(int)
    on_floor = spots[at] + ease(swing)[:, None] * (spots[at + 1] - spots[at])
    return np.concatenate([on_floor, lift * bump(swing)[:, None]], axis=-1)


def two_bones(start: Array, target: Array, lengths: Array, towards: Array) -> tuple[Array, Array]:
    """The joint in the middle and the end of two bones that reach for a target.

    Args:
        start, target: (frames, 3).
        lengths: (2,) of the bones; what they cannot reach they point to.
        towards: (frames, 3) direction that the joint in the middle bends to.
    """
    upper, lower = lengths
    line = target - start
    apart = np.linalg.norm(line, axis=-1, keepdims=True)
    along = line / np.maximum(apart, 1e-9)
    apart = np.clip(apart, 1.05 * abs(upper - lower) + 1e-9, 0.995 * (upper + lower))
    cos = (upper**2 + apart**2 - lower**2) / (2 * upper * apart)
    aside = towards - (towards * along).sum(-1, keepdims=True) * along
    aside /= np.maximum(np.linalg.norm(aside, axis=-1, keepdims=True), 1e-9)
    middle = start + upper * (cos * along + np.sqrt(np.maximum(1 - cos**2, 0)) * aside)
    return middle, start + apart * along
