"""Which detections belong to which camera, by how well their joints triangulate.

Only the right assignment of files to cameras has a small triangulation residual. It is searched by
epipolar distances of pairs of cameras and decided by the residual of all of them.
"""

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from geoself_jax.core.errors import GeoselfError, data_error
from geoself_jax.data.recording import HostCamera
from geoself_jax.data.rig import Rig
from geoself_jax.geometry.camera import Camera, ray_to_pixel, world_to_camera
from geoself_jax.geometry.epipolar import epipolar_distance
from geoself_jax.geometry.lenses import undistort_pixels
from geoself_jax.geometry.triangulation import triangulate_dlt
from geoself_jax.prepare.common_clock import common_clock
from geoself_jax.prepare.instances import Instances
from geoself_jax.prepare.match_cameras import Match, shown_names
from geoself_jax.prepare.merge_rigs import check_image_sizes

LIMIT_PX = 12.0
"""Largest residual of a proof, px in an image 1000 wide: `inspect` warns from here on."""

RATIO = 3.0
"""The next best assignment must be worse by this factor."""

FRAMES = 60
"""Most frames that are compared."""

FEWEST = 40
"""Joints that two files must share to be compared."""

WAYS = 50_000
"""Most assignments that are searched: 8 files of 8 cameras are 40,320."""

LEAST = 3
"""Fewest files: two that were given to wrong cameras had a small residual in 8 of 60 choices of two
files and two cameras of Human3.6M's rig; three had none."""

SHOWN = 5
"""Assignments whose joints are triangulated: those of the smallest epipolar distances."""


class Proof(NamedTuple):
    """An assignment of files to cameras and its residual.

    Attributes:
        cameras: Index of the camera of each file.
        px: Median triangulation residual of the worst view; inf where joints are behind a camera.
    """

    cameras: tuple[int, ...]
    px: float


def prove(
    folder: Path | None,
    rig: Rig,
    match: Match,
    read: Callable[[Path], Instances],
    notice: Callable[[str], None],
) -> dict[str, Path]:
    """The file of each camera: as matched by name and confirmed, or as the residual proves.

    Args:
        folder: Of the recording, for messages.
        rig: All cameras of the calibration.
        match: What names say.
        read: Reads a file's detections, fractions of the image as they are.
        notice: Receives one line with the residuals.

    Raises:
        GeoselfError: Nothing is proved, or names and residuals contradict each other (65).
    """
    files, names = match.files, rig.camera_names
    named = _assignment(match, names)
    # Two files of two cameras are not searched: the order of their program is confirmed, or not.
    whole = named is not None and not match.exact and rig.views == len(files) == 2
    reason, ranked = _tried(rig, files, read, named, fewest=2 if whole else LEAST)
    limit = LIMIT_PX * _image_width(rig) / 1000
    say = _Words(folder, names, files)
    best = ranked[0] if ranked else None
    mine = next((proof for proof in ranked if proof.cameras == named), None)
    clear = best is not None and best.px <= limit and ranked[1].px >= RATIO * best.px
    if best and clear and (best == mine or not (match.exact or whole)):
        notice(f"{say.where}: cameras matched by triangulation: {say.residuals(ranked[:2])}")
        if mine is not None and mine != best:
            other = say.residuals([mine])
            notice(f"warning: {say.where}: their order or names say otherwise: {other}")
        return dict(zip((names[c] for c in best.cameras), files, strict=True))
    if best and mine and best.px <= limit and mine.px >= RATIO * best.px:
        raise say.contradiction(mine, best)
    if match.exact:
        if rig.counted and mine is not None and not mine.px <= limit:
            raise say.not_in_order(mine, limit)
        figures = say.residuals(ranked[:2]) if ranked else reason
        prefix = "warning: " * rig.counted  # their names are no more than an order
        line = f"{say.where}: cameras matched by name; triangulation does not decide: {figures}"
        notice(prefix + line)
        return match.paths
    raise say.refusal(ranked, reason, limit)


class _Words(NamedTuple):
    """Words for assignments.

    Attributes:
        folder: Of the recording.
        names: Of the cameras.
        files: Of detections.
    """

    folder: Path | None
    names: Sequence[str]
    files: Sequence[Path]

    @property
    def where(self) -> str:
        """The recording."""
        return str(self.folder or "the files named")

    def residuals(self, proofs: Sequence[Proof]) -> str:
        """Assignments with their residuals."""
        return "; ".join(f"{', '.join(self._pairs(proof))}: {proof.px:.1f} px" for proof in proofs)

    def _pairs(self, proof: Proof, whole: bool = False) -> list[str]:
        shown = [str(p) for p in self.files] if whole else shown_names(self.files)
        pairs = sorted(zip(proof.cameras, shown, strict=True))
        return [f"{self.names[c]}{'=' if whole else ' = '}{name}" for c, name in pairs]

    def contradiction(self, named: Proof, best: Proof) -> GeoselfError:
        """An error where another assignment than the named one triangulates."""
        return data_error(
            f"{self.where}: names say {self.residuals([named])}",
            f"triangulation says {self.residuals([best])}: files and calibration count the "
            "cameras differently, or the rig has moved",
            "if triangulation is right: "
            + " ".join(f"--camera={pair}" for pair in self._pairs(best, whole=True)),
        )

    def not_in_order(self, named: Proof, limit: float) -> GeoselfError:
        """An error where cameras that a calibration only counts do not fit their joints."""
        return data_error(
            f"{self.where}: {self.residuals([named])}",
            f"of cameras that the calibration only counts at most {limit:.0f} px are wanted: a "
            "column is missing or in another place, pixels are counted from another corner or the "
            "images have another height, or what is filmed is behind the cameras",
            "fix that; "
            + " ".join(f"--camera={pair}" for pair in self._pairs(named, whole=True))
            + " takes the order as it is",
        )

    def refusal(self, ranked: Sequence[Proof], reason: str, limit: float) -> GeoselfError:
        """An error where neither names nor residuals decide."""
        cameras, files = ", ".join(self.names[:8]), ", ".join(shown_names(self.files)[:8])
        why = reason or (
            f"the best residual must be below {limit:.0f} px and {RATIO:g} times better than the "
            f"next: {self.residuals(ranked[:3])}"
        )
        return data_error(
            f"{self.where}: which detections belong to which camera?",
            f"cameras {cameras}; detections {files}; {why}",
            ("a folder for each recording, or " if len(self.files) > len(self.names) else "")
            + "name them: "
            + " ".join(f"--camera={name}=PATH" for name in self.names[:3]),
        )


def _assignment(match: Match, names: Sequence[str]) -> tuple[int, ...] | None:
    of = {path: names.index(camera) for camera, path in match.paths.items()}
    return tuple(of[path] for path in match.files) if len(of) == len(match.files) else None


def _tried(
    rig: Rig,
    files: Sequence[Path],
    read: Callable[[Path], Instances],
    named: tuple[int, ...] | None,
    fewest: int,
) -> tuple[str, list[Proof]]:
    """Why residuals cannot decide, or an empty text and the assignments by residual."""
    reason = _uncountable(rig, files, fewest)
    views = [] if reason else [read(path) for path in files]
    views, _ = common_clock(views, [path.name for path in files]) if views else ([], "")
    if len({view.skeleton for view in views}) > 1:
        reason = "the files have different joints"
    ranked = [] if reason else _ranked(rig, views, named)
    if not (reason or ranked):
        reason = "there are too few frames in which each camera sees one alone"
    return reason, ranked


def _uncountable(rig: Rig, files: Sequence[Path], fewest: int) -> str:
    if len(files) > rig.views:
        return f"{len(files)} files are more than {rig.views} cameras"
    if len(files) < fewest:
        return f"{len(files)} files are too few to prove it: any two may agree by chance"
    if math.perm(rig.views, len(files)) > WAYS:
        return "there are too many cameras to try all"
    return ""


def _ranked(rig: Rig, views: Sequence[Instances], named: tuple[int, ...] | None) -> list[Proof]:
    """The best assignments by residual, and the named one; none where too little is shared."""
    pixels, trust = _joints(views)
    undistorted = np.stack([_undistorted(views, pixels, rig, c) for c in range(rig.views)], 1)
    ways = _searched(_pair_costs(undistorted, trust, rig))
    if named is not None and named not in ways:
        ways.append(named)
    proofs = [Proof(way, _residual_px(undistorted, trust, rig, way)) for way in ways]
    proofs = sorted((proof for proof in proofs if not math.isnan(proof.px)), key=lambda p: p.px)
    return proofs if len(proofs) > 1 else []


def residual_px(rig: Rig, paths: Mapping[str, Path], read: Callable[[Path], Instances]) -> float:
    """Median triangulation residual of the worst view, px in an image 1000 wide; NaN if unknown.

    Args:
        rig: Cameras of the calibration.
        paths: Detections by camera, of one recording.
        read: As of `prove`.

    Raises:
        GeoselfError: A file is bad, or a fraction of an image of unknown size (65).
    """
    views, _ = common_clock([read(path) for path in paths.values()], list(paths))
    if len({view.skeleton for view in views}) > 1:
        return math.nan
    of = [rig.camera_names.index(name) for name in paths]
    pixels, trust = _joints(views)
    undistorted = np.stack([_undistorted(views, pixels, rig, c) for c in of], 1)
    px = _residual_px(undistorted, trust, rig.select(list(paths)), range(len(of)))
    return px * 1000 / _image_width(rig)


def _undistorted(
    views: Sequence[Instances], pixels: np.ndarray, rig: Rig, camera: int
) -> np.ndarray:
    """(F, N, 2) px of all files as if each were the camera's; fractions by its image size."""
    if any(view.normalized for view in views):
        check_image_sizes(rig)
    scale = np.ones((len(views), 1, 2))
    scale[[view.normalized for view in views]] = rig.image_size[camera]
    return undistort_pixels(pixels * scale, rig.K[camera], rig.lenses[camera])


def _joints(views: Sequence[Instances]) -> tuple[np.ndarray, np.ndarray]:
    """(F, N, 2) as in the files, and (F, N) confidences, of frames of one person in each file."""
    frames = np.unique(np.concatenate([view.frame for view in views]))
    starts, ends = (
        np.stack([np.searchsorted(view.frame, frames, side) for view in views])
        for side in ("left", "right")
    )
    counts = ends - starts
    good = frames[(counts <= 1).all(0) & ((counts == 1).sum(0) >= 2)]
    good = good[np.linspace(0, len(good) - 1, min(FRAMES, len(good))).astype(int)]
    joints = views[0].skeleton.joints
    pixels = np.full((len(views), len(good), joints, 2), np.nan)
    trust = np.zeros((len(views), len(good), joints))
    for file, view in enumerate(views):
        rows = np.flatnonzero(np.isin(view.frame, good))
        at = np.searchsorted(good, view.frame[rows])
        pixels[file, at], trust[file, at] = view.keypoints_2d[rows], view.confidence[rows]
    trust = np.where(np.isfinite(pixels).all(-1), trust, 0)
    return pixels.reshape(len(views), -1, 2), trust.reshape(len(views), -1)


def _pair_costs(pixels: np.ndarray, trust: np.ndarray, rig: Rig) -> np.ndarray:
    """(F, C, F, C) median epipolar distance, px, of two files in two cameras; NaN where unknown.

    Args:
        pixels: (F, C, N, 2) of file F, undistorted by the lens of camera C.
        trust: (F, N).
    """
    files, views = pixels.shape[:2]
    costs = np.full((files, views, files, views), np.nan)
    first, second = np.triu_indices(files, 1)
    seen = np.asarray((trust[first] > 0) & (trust[second] > 0))
    pairs = jnp.asarray(pixels, jnp.float32)
    for a, b in itertools.permutations(range(views), 2):
        cameras = _cameras(rig, a), _cameras(rig, b)
        apart = np.asarray(_apart(pairs[first, a], pairs[second, b], *cameras))
        for f, g, both, distance in zip(first, second, seen, apart, strict=True):
            if both.sum() >= FEWEST:
                known = distance[both & np.isfinite(distance)]
                cost = float(np.median(known)) if known.size else math.inf
                costs[f, a, g, b] = costs[g, b, f, a] = cost
    return costs


_apart = jax.jit(epipolar_distance)


def _cameras(rig: Rig, which: int | list[int]) -> Camera:
    """One or several cameras, their centres about the rig's middle: float32 has seven digits."""
    center = rig.center - rig.center.mean(0)
    return HostCamera(rig.K[which], rig.R[which], center[which]).on_device()


def _searched(costs: np.ndarray) -> list[tuple[int, ...]]:
    """The `SHOWN` assignments of least summed cost, the camera of each file."""
    files, views = costs.shape[:2]
    known = np.nan_to_num(costs, nan=0.0, posinf=1e9)
    best: list[tuple[float, tuple[int, ...]]] = []  # a heap of the negative costs

    def extend(way: tuple[int, ...], total: float) -> None:
        if len(best) == SHOWN and total >= -best[0][0]:
            return
        file = len(way)
        if file == files:
            (heapq.heappush if len(best) < SHOWN else heapq.heappushpop)(best, (-total, way))
            return
        for camera in range(views):
            if camera not in way:
                added = sum(known[f, c, file, camera] for f, c in enumerate(way))
                extend((*way, camera), total + float(added))

    extend((), 0.0)
    return [way for _, way in sorted(best, reverse=True)]


def _residual_px(pixels: np.ndarray, trust: np.ndarray, rig: Rig, cameras: Sequence[int]) -> float:
    """Median distance of detections to their triangulation in the worst view; NaN if unknown."""
    of = list(cameras)
    seen = pixels[np.arange(len(of)), of]
    weight = np.where(np.isfinite(seen).all(-1), trust, 0)
    camera = _cameras(rig, of)
    distance = np.array(_distances(jnp.asarray(seen, jnp.float32), jnp.asarray(weight), camera))
    medians = []
    for view in range(len(of)):
        of_view = distance[view][(weight[view] > 0) & ~np.isnan(distance[view])]
        if of_view.size < FEWEST:
            return math.nan
        medians.append(float(np.median(of_view)))
    return max(medians)


@jax.jit
def _distances(pixels: jax.Array, weight: jax.Array, camera: Camera) -> jax.Array:
    """(F, N) px to the triangulated point; inf behind the camera, NaN where there is none."""
    point = triangulate_dlt(pixels, weight, camera)
    local = world_to_camera(point, camera)
    there = ray_to_pixel(local[..., :2] / local[..., 2:], camera.K)  # at any distance, however near
    distance = jnp.linalg.norm(there - pixels, axis=-1)
    return jnp.where(local[..., 2] <= 0, jnp.inf, distance)


def _image_width(rig: Rig) -> float:
    """The largest image's width, px; twice the principal point where sizes are unknown."""
    return float(rig.image_size.max()) or 2 * float(rig.K[:, 0, 2].max())
