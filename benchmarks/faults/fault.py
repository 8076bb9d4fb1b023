"""A fault that is planted, and what has to be said of it; planting.py says how."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.planting import CAM, Plant

Outcome = Literal["refused", "error", "warning", "note", "silent"]


@dataclass(frozen=True)
class Fault:
    """A fault, and what has to be said of it.

    Attributes:
        what: In words, for the table.
        plant: From good arrays to faulty ones.
        outcome: `refused` when read; the severity of the verdict that names it; `silent`.
        words: All are in the line that is said; why it is silent.
        against: The file to compare with, from the good arrays; None: none.
    """

    what: str
    plant: Plant
    outcome: Outcome
    words: tuple[str, ...]
    against: Plant | None = None


BACK = "camera back_left"
RIG = "rig_test01"
PLACE = ("frame 81", "clip 'kicking#17'", "view 2 (back_left)", "joint 10 (head)")
AT = (81, CAM, 10)
