"""What a general model's error becomes where its input is unlike the ordinary, by simulation.

Built-in people of another seed than training's, each two seconds another body and other cameras.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.general.motions import Segment, built_in_segments
from benchmarks.general.recipe import MODELS
from benchmarks.general.scoring import Reference, score
from benchmarks.general.simulated import Simulated, simulate
from geoself_jax.data.recording import Recording
from geoself_jax.data.skeletons import KNOWN_SKELETONS
from geoself_jax.data.synthetic.actions import ACTIONS
from geoself_jax.lift.lifter import Lifter

SEED = 977
CLIPS = 50
LYING = ("lying",)
DOWN = ("crawling", "sitting_on_floor", "kneeling", "squatting", "bending")


class Row(NamedTuple):
    """A condition.

    Attributes:
        name: In the table.
        actions: Of the generator; None for all but lying.
        change: Of the recording, before it is lifted.
        stature: Least and largest, metres; None for any.
    """

    name: str
    actions: tuple[str, ...] | None = None
    change: Callable[[Recording], Recording] | None = None
    stature: tuple[float, float] | None = None


def with_focal(times: float) -> Callable[[Recording], Recording]:
    """A guess of the focal length that is wrong."""

    def change(recording: Recording) -> Recording:
        K = recording.camera.K.copy()
        K[..., [0, 1], [0, 1]] *= times
        return _replaced(recording, camera=recording.camera._replace(K=K))

    return change


def without(*parts: str) -> Callable[[Recording], Recording]:
    """Joints that no detection has."""

    def change(recording: Recording) -> Recording:
        names = recording.skeleton.joint_names
        lost = np.array([any(part in name for part in parts) for name in names])
        pixels = np.where(lost[:, None], np.nan, recording.keypoints_2d)
        return _replaced(
            recording, keypoints_2d=pixels, confidence=np.where(lost, 0, recording.confidence)
        )

    return change


def without_scores(recording: Recording) -> Recording:
    """Every joint that is there has the confidence 1."""
    return _replaced(recording, confidence=(recording.confidence > 0).astype(np.float32))


def _replaced(recording: Recording, **arrays: object) -> Recording:
    return dataclasses.replace(recording, **arrays)  # type: ignore[arg-type]


ROWS = (
    Row("ordinary: all actions but lying, any size, any camera"),
    Row("adults, 1.6 to 1.9 m", stature=(1.6, 1.9)),
    Row("children, 1.0 to 1.3 m", stature=(1.0, 1.3)),
    Row("a focal length 20 % too short", change=with_focal(0.8)),
    Row("a focal length 25 % too long", change=with_focal(1.25)),
    Row("scores all 1", change=without_scores),
    Row("knees and feet missing", change=without("knee", "ankle", "toe", "heel")),
    Row("an arm missing", change=without("left_elbow", "left_wrist")),
    Row("crawling, kneeling, squatting, bending, on the floor", actions=DOWN),
    Row("lying", actions=LYING),
)


def limits(lifter: Lifter, rows: tuple[Row, ...] = ROWS) -> dict[str, dict[str, float]]:
    """Returns the scores of each row.

    Args:
        lifter: A general model.
        rows: Conditions.
    """
    plain = KNOWN_SKELETONS[MODELS[lifter.info["general"]["name"]]]
    cache: dict[object, Simulated] = {}
    found = {}
    for row in rows:
        key = (row.actions, row.stature)
        if key not in cache:
            cache[key] = simulate(_segments(row.actions), plain, SEED, stature=row.stature)
        made = cache[key]
        seen = row.change(made.recording) if row.change else made.recording
        found[row.name] = score(lifter, Reference(seen, made.pose))
    return found


def _segments(actions: tuple[str, ...] | None) -> list[Segment]:
    """Segments of these actions, or of all but lying."""
    names = tuple(ACTIONS)
    chosen = actions or tuple(name for name in names if name not in LYING)
    clips = CLIPS if actions is None else len(names) * max(1, 25 // len(chosen))
    every = list(built_in_segments(clips, SEED))
    each = len(every) // clips
    return [part for n, part in enumerate(every) if names[n // each % len(names)] in chosen]


def table(found: dict[str, dict[str, float]]) -> str:
    """Markdown: a condition a row."""
    lines = ["| input | MPJPE | P-MPJPE | root, median |", "| --- | ---: | ---: | ---: |"]
    for name, s in found.items():
        figures = (s["mpjpe_mm"], s["p_mpjpe_mm"], s["root_mm"])
        lines.append(f"| {name} | {' | '.join(f'{mm:.0f}' for mm in figures)} |")
    return "\n".join(lines)
