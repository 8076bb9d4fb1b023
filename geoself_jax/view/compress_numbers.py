"""Compresses numbers over time: quantization, differences over frames, byte planes, deflate.

The layout that assets/decode.js reads, little-endian, before zlib: one bit per missing joint,
channel by channel, padded to a byte; then the zigzag-coded differences in time as
`planes` planes of bytes, the low bytes of all first, each channel by channel. Joints are relative
to the root joint, so that an uncertain root makes only its own channels noisy.
"""

import base64
import zlib
from dataclasses import dataclass

import numpy as np

_MOST = 2**28  # steps: a joint relative to its root, and its change, still fit 32 bits
_LEVEL = 6  # of zlib; 9 takes three times as long for a hundredth


@dataclass(frozen=True)
class Block:
    """An encoded array.

    Attributes:
        frames, joints, numbers: Shape of the array.
        step: Quantization step, in the unit of the array.
        root: Joint that the others are relative to, or -1.
        planes: Bytes per number.
        content: zlib stream, base64.
    """

    frames: int
    joints: int
    numbers: int
    step: float
    root: int
    planes: int
    content: str


def code(values: np.ndarray, step: float, root: int = -1) -> Block:
    """Encodes an array; the error after decoding is at most half a step.

    Args:
        values: (T, J, D); a joint with any number that is not finite, or beyond 2^28 steps, is
            missing.
        step: Quantization step: twice the largest rounding error.
        root: See `Block`.
    """
    frames, joints, numbers = values.shape
    steps = np.rint(values.astype(np.float64) / step)
    there = np.all(np.abs(steps) < _MOST, axis=-1)  # false for NaN and infinity
    whole = np.where(there[..., None], steps, 0).astype(np.int64)
    if root >= 0:
        base = _held(whole[:, root], there[:, root])
        whole -= base[:, None]
        whole[:, root] = base
    whole = _held(whole, there).reshape(frames, joints * numbers).T
    change = np.diff(whole, axis=1, prepend=0)
    zigzag = ((change << 1) ^ (change >> 63)).astype("<u4")
    planes = max(1, -(-int(zigzag.max(initial=0)).bit_length() // 8))
    content = np.packbits(~there.T, bitorder="little").tobytes()
    split = zigzag[..., None].view(np.uint8)
    content += np.ascontiguousarray(np.moveaxis(split[..., :planes], -1, 0)).tobytes()
    packed = base64.b64encode(zlib.compress(content, _LEVEL)).decode()
    return Block(frames, joints, numbers, step, root, planes, packed)


def decode(block: Block) -> np.ndarray:
    """Decodes a block as the page does, float64, NaN where missing; reference for the tests."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(block.content)), np.uint8)
    flags, channels = block.joints * block.frames, block.joints * block.numbers
    head = -(-flags // 8)
    missing = np.unpackbits(content[:head], count=flags, bitorder="little").astype(bool)
    bytes_ = content[head:].reshape(block.planes, channels, block.frames).astype(np.int64)
    zigzag = (bytes_ << (8 * np.arange(block.planes))[:, None, None]).sum(0)
    change = (zigzag >> 1) ^ -(zigzag & 1)
    whole = change.cumsum(1).T.reshape(block.frames, block.joints, block.numbers)
    if block.root >= 0:
        others = np.arange(block.joints) != block.root
        whole[:, others] += whole[:, [block.root]]
    there = ~missing.reshape(block.joints, block.frames).T
    return np.where(there[..., None], whole * block.step, np.nan)


def _held(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Forward-fills missing values (T, ...): a difference of zero compresses best."""
    time = np.arange(len(values)).reshape(-1, *[1] * (there.ndim - 1))
    last = np.maximum.accumulate(np.where(there, time, 0), axis=0)
    return np.take_along_axis(values, last[..., None], axis=0)
