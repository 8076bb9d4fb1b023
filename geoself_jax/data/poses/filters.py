"""Filters over time: Butterworth's low-pass, there and back, and the One Euro filter, causal."""

from dataclasses import dataclass

import numpy as np

from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.data.poses.filter_runs import follows, runs, without_empty
from geoself_jax.data.poses.resample import step_of
from geoself_jax.data.poses.sequence import PoseSequence

CUTOFFS = (0.01, 1e6)
"""Hz: no motion of a body is slower, and no camera faster."""
SLOWEST = 1e-5
"""Of the frame rate, the lowest cutoff that Butterworth's coefficients bear."""
_HOW = "butterworth:CUTOFF[,ORDER] or one-euro:MIN_CUTOFF,BETA[,D_CUTOFF], in Hz"


@dataclass(frozen=True)
class Butterworth:
    """Butterworth's low-pass run forwards and backwards, so nothing comes late.

    At the cutoff half of the amplitude is left. A run of frames no longer than SciPy pads it, 3
    (`order` / 2 + 1), stays as it is: 9 frames of order 4.

    Attributes:
        cutoff: Hz, below half the frame rate.
        order: Of both passes together, even: 4 is two passes of SciPy's order 2, which
            biomechanics calls a zero-lag filter of fourth order.
    """

    cutoff: float
    order: int = 4

    def __post_init__(self) -> None:
        """Raises GeoselfError (64) for numbers that cannot be."""
        _check("butterworth", cutoff=self.cutoff)
        if self.order not in range(2, 17, 2):
            raise usage_error(
                f"butterworth of order {self.order}", "wanted 2, 4, ... 16 of both passes", "take 4"
            )

    def __call__(self, poses: PoseSequence) -> PoseSequence:
        """The sequence with each joint filtered between its gaps; what is missing stays missing.

        Raises:
            GeoselfError: The cutoff is not below half the frame rate, or so far below that its
                coefficients cancel (64).
        """
        from scipy.signal import butter, sosfiltfilt

        seen, rows = without_empty(poses)
        rate = seen.fps / step_of(seen.frame_id)
        if self.cutoff < SLOWEST * rate:
            raise usage_error(
                f"butterworth:{self.cutoff:g}",
                f"below {SLOWEST:g} of the {rate:g} frames per second of {poses.name}",
                "raise the cutoff",
            )
        if not self.cutoff < rate / 2:
            raise usage_error(
                f"butterworth:{self.cutoff:g}",
                f"not below half of the {rate:g} frames per second of {poses.name}",
                "lower the cutoff",
            )
        sections = butter(self.order // 2, self.cutoff, fs=rate, output="sos")
        padding = 3 * (self.order // 2 + 1)  # sosfiltfilt's own
        smooth = seen.pose.copy()
        for joints, frames in runs(seen):
            values = seen.pose[frames, joints].astype(np.float64)
            if len(values) > padding:
                smooth[frames, joints] = sosfiltfilt(sections, values, axis=0, padlen=padding)
        pose = poses.pose.copy()
        pose[rows] = smooth
        return poses.replace(pose=pose)


@dataclass(frozen=True)
class OneEuro:
    """The One Euro filter (Casiez, Roussel, Vogel, CHI 2012): steady at rest, quick in motion.

    Causal: a frame is filtered by those before it alone, and comes late the more the slower the
    joint is. The cutoff follows the joint's speed, not each coordinate's, so that the result does
    not depend on the axes. After a gap the filter of the joint restarts.

    Attributes:
        min_cutoff: Hz, of a joint at rest.
        beta: Hz by which the cutoff rises with each metre per second.
        d_cutoff: Hz, of the speed's own filter.
    """

    min_cutoff: float
    beta: float
    d_cutoff: float = 1.0

    def __post_init__(self) -> None:
        """Raises GeoselfError (64) for numbers that cannot be."""
        _check("one-euro", min_cutoff=self.min_cutoff, d_cutoff=self.d_cutoff)
        if not 0 <= self.beta <= CUTOFFS[1]:
            wanted = f"wanted a number in [0, {CUTOFFS[1]:g}]"
            raise usage_error(f"one-euro: beta {self.beta:g}", wanted, "take 0.05")

    def __call__(self, poses: PoseSequence) -> PoseSequence:
        """The sequence with each joint filtered; what is missing stays missing."""
        seen, rows = without_empty(poses)
        rate = seen.fps / step_of(seen.frame_id)
        goes_on = follows(seen)
        smooth = seen.pose.astype(np.float64)
        velocity = np.zeros(smooth.shape[1:])
        for t in range(1, len(smooth)):
            smooth[t], velocity = self.step(smooth[t], smooth[t - 1], velocity, goes_on[t], rate)
        pose = poses.pose.copy()
        pose[rows] = smooth
        return poses.replace(pose=pose)

    def step(
        self,
        new: np.ndarray,
        last: np.ndarray,
        velocity: np.ndarray,
        goes_on: np.ndarray,
        rate: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Filters one frame.

        Args:
            new: (J, 3) joints of the frame, metres.
            last: (J, 3) filtered joints of the frame before, metres.
            velocity: (J, 3) filtered velocity at the frame before, m/s.
            goes_on: (J,) whether a joint is in both; any other restarts.
            rate: Frames per second.

        Returns:
            Filtered joints and velocity of the frame, float64.
        """
        change = new - last
        goes_on = goes_on[:, None]
        steady = _share(self.d_cutoff, rate)
        velocity = np.where(goes_on, velocity + steady * (change * rate - velocity), 0.0)
        speed = np.sqrt((velocity * velocity).sum(-1, keepdims=True))
        share = _share(self.min_cutoff + self.beta * speed, rate)
        return np.where(goes_on, last + share * change, new), velocity


Filter = Butterworth | OneEuro
_KNOWN = {"butterworth": (Butterworth, 1, 2), "one-euro": (OneEuro, 2, 3)}


def parse_filter(text: str) -> Filter:
    """A filter from a text such as `butterworth:6`, `butterworth:6,4` or `one-euro:1.0,0.05`.

    Raises:
        GeoselfError: No such filter, or numbers that it cannot take (64).
    """
    name, _, rest = text.strip().partition(":")
    if name not in _KNOWN:
        raise usage_error(f"filter {text!r}", f"wanted {_HOW}", nearest_name(name, _KNOWN))
    kind, least, most = _KNOWN[name]
    try:
        numbers = [float(word) for word in rest.split(",")] if rest else []
    except ValueError as error:
        raise usage_error(f"filter {text!r}", str(error), f"wanted {_HOW}") from error
    if not least <= len(numbers) <= most:
        raise usage_error(f"filter {text!r}", f"{len(numbers)} numbers", f"wanted {_HOW}")
    if kind is Butterworth and len(numbers) == 2:
        if not numbers[1].is_integer():
            raise usage_error(f"filter {text!r}", "the order is no whole number", f"wanted {_HOW}")
        return Butterworth(numbers[0], int(numbers[1]))
    return kind(*numbers)


def _share(cutoff: np.ndarray | float, rate: float) -> np.ndarray | float:
    """Of a new value in a low-pass of first order: 1 / (1 + rate / (2 pi cutoff))."""
    return 1 / (1 + rate / (2 * np.pi * cutoff))


def _check(name: str, **numbers: float) -> None:
    least, most = CUTOFFS
    for key, value in numbers.items():
        if not least <= value <= most:
            wanted = f"wanted a number in [{least:g}, {most:g}]"
            raise usage_error(f"{name}: {key} {value:g} Hz", wanted, f"use {_HOW}")
