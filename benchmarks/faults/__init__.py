"""The faults that are planted, by kind, and what has to be said of each."""

from benchmarks.faults.cameras import CAMERAS
from benchmarks.faults.fault import Fault
from benchmarks.faults.lenses import LENSES
from benchmarks.faults.people import LEAKS, PEOPLE
from benchmarks.faults.times import TIMES
from benchmarks.faults.values import CONFIDENCES, COUNTS, VALUES

__all__ = ["ALIKE", "FAULTS", "GROUPS", "Fault"]

GROUPS = {
    "Values": VALUES,
    "Counts and names": COUNTS,
    "Cameras": CAMERAS,
    "Lenses and pixels": LENSES,
    "Time": TIMES,
    "People and joints": PEOPLE,
    "Confidences": CONFIDENCES,
    "Two files that should be apart": LEAKS,
}


FAULTS = {fault.what: fault for faults in GROUPS.values() for fault in faults}

ALIKE = {
    "center has the other sign",
    "R is camera to world",
    "one camera's R is camera to world",
    "two cameras' calibrations exchanged",
    "one camera turned by 10 degrees",
    "one camera moved by 0.5 m",
    "center in centimetres",
    "center in feet",
    "all detections at half resolution",
    "one camera's detections are normalised",
    "one camera's picture is cropped by 30 px",
    "one camera is upside down",
    "u and v are exchanged in one camera",
    "one camera's usual distortion (k1 = -0.2) is neglected",
    "one camera is 2 frames late",
    "one camera is 4 frames late",
    "one camera is 5 frames late",
    "two cameras are 4 frames late",
    "fps is half",
    "... in 3 % of one camera's frames",
    "hip and shoulder exchanged",
    "single pictures are missing",
    "confidences are all 1",
    "confidences are a hundredth",
    "R is off by 0.000001",
    "one camera's center holds t",
    "one camera's focal length is halved",
    "a third of the instants is seen by one camera",
    "world_up is another axis",
    "u and v are exchanged in all cameras",
    "the cameras' axes are y up, z backward",
    "detections are normalised to [0, 1]",
    "center 20 % too long",
    "confidences are clipped at 0.3",
}
"""Much like others: the table has them, the tests leave them out."""
