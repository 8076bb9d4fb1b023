"""A 2D detector behind two pipes; run by the Python that has it, imports nothing of geoself_jax.

`python worker.py NAME OPTIONS`, OPTIONS a JSON object. On standard input: a line of JSON with an
image's height and width, then its RGB bytes; the end of the input ends it. On standard output: a
line of JSON once the detector is loaded, {"detector": text, "joint_names": list} or
{"refused": text, "missing": package}; then a line an image, the people in it, each a list of x, y,
score of every joint, px.
"""

import json
import os
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

Rows = list[list[float]]


class MediaPipe:
    """MediaPipe's Pose with the model that is in its wheel: one person, 33 landmarks."""

    def __init__(self, options: dict[str, Any]) -> None:
        import mediapipe as mp

        # Without smoothing: its filter takes every video for one of 30 frames per second.
        self._pose = mp.solutions.pose.Pose(
            model_complexity=1, smooth_landmarks=False, min_detection_confidence=0.3
        )
        self.name = f"mediapipe {mp.__version__} pose, full"

    def people(self, image: np.ndarray) -> Rows:
        """The person in an image."""
        found = self._pose.process(image).pose_landmarks
        if found is None:
            return []
        height, width = image.shape[:2]
        return [[v for p in found.landmark for v in (p.x * width, p.y * height, p.visibility)]]


class RTMLib:
    """RTMPose: rtmlib's models with feet, or a file; several people, 26 or other joints.

    The pose model gets RGB, as its mean and deviation are, the one that finds people BGR; rtmlib
    gives both what it gets. Where nobody is found it would take the whole image for somebody.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        import rtmlib

        self._boxes: Any = None
        kind = {"backend": "onnxruntime", "device": options.get("device") or "cpu"}
        if options.get("model"):
            path, size = options["model"], _input_size(options["model"])
            self._pose = rtmlib.RTMPose(path, model_input_size=size, **kind)
            self.name = f"rtmlib, {_named(path)}"
            if options.get("boxes"):
                path, (width, height) = options["boxes"], _input_size(options["boxes"])
                self._boxes = rtmlib.YOLOX(path, model_input_size=(height, width), **kind)
                self.name += f", boxes of {_named(path)}"
        else:
            both = rtmlib.BodyWithFeet(mode="balanced", **kind)
            self._pose, self._boxes = both.pose_model, both.det_model
            self.name = "rtmlib BodyWithFeet, balanced"

    def people(self, image: np.ndarray) -> Rows:
        """Everybody in an image."""
        height, width = image.shape[:2]
        boxes = [[0, 0, width, height]]
        if self._boxes is not None:
            boxes = self._boxes(np.ascontiguousarray(image[..., ::-1]))
        if len(boxes) == 0:
            return []
        places, scores = self._pose(image, bboxes=boxes)
        rows = np.concatenate([places, np.clip(scores, 0, 1)[..., None]], -1)
        return rows.reshape(len(rows), -1).astype(float).tolist()


class OwnFile:
    """A Python file of the user's with `people(image)`, and maybe `JOINT_NAMES`."""

    def __init__(self, options: dict[str, Any]) -> None:
        import runpy

        path = options["file"]
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        self._names = runpy.run_path(path)
        if not callable(self._names.get("people")):
            raise ValueError(f"{path} has no function people(image)")
        self.name = _named(path)
        names = self._names.get("JOINT_NAMES", ())
        self.joint_names = [] if isinstance(names, str) else [*names]
        wrong = [name for name in self.joint_names if not isinstance(name, str)]
        if isinstance(names, str) or wrong or len(set(names)) < len(self.joint_names):
            raise ValueError("JOINT_NAMES must be a list with each joint's name once")

    def people(self, image: np.ndarray) -> Rows:
        """Everybody in an image."""
        found = [np.asarray(person, float) for person in self._names["people"](image)]
        if any(person.ndim != 2 or person.shape[1] != 3 for person in found):
            raise ValueError("people(image) must return a list of (joints, 3): x, y, score")
        return [person.ravel().tolist() for person in found]


DETECTORS: dict[str, Callable[[dict[str, Any]], MediaPipe | RTMLib | OwnFile]] = {
    "mediapipe": MediaPipe,
    "rtmlib": RTMLib,
    "file": OwnFile,
}


def _named(path: str) -> str:
    """A file's name and checksum: every exported model is called end2end.onnx."""
    checksum = 0
    with open(path, "rb") as stream:
        while part := stream.read(1 << 20):
            checksum = zlib.crc32(part, checksum)
    return f"{os.path.basename(path)} ({checksum:08x})"


def _input_size(path: str) -> tuple[int, int]:
    """Width and height of the images that an ONNX model takes."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    height, width = session.get_inputs()[0].shape[2:]
    return int(width), int(height)


def main() -> None:
    """Loads the detector and answers until the input ends."""
    name, options = sys.argv[1], json.loads(sys.argv[2])
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if place != here]  # our modules are not theirs
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    asked = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a library reads is no image
    try:
        detector = DETECTORS[name](options)
    except ImportError as error:
        _say(answers, {"refused": str(error), "missing": error.name or name})
        return
    except Exception as error:  # a model's file can be anything
        _say(answers, {"refused": f"{type(error).__name__}: {error}"})
        return
    names = getattr(detector, "joint_names", [])
    _say(answers, {"detector": detector.name, "joint_names": names})
    while line := asked.readline():
        size = json.loads(line)
        shape = size["height"], size["width"], 3
        data = asked.read(shape[0] * shape[1] * 3)
        if len(data) < shape[0] * shape[1] * 3:
            return
        rows = detector.people(np.frombuffer(data, np.uint8).reshape(shape))
        _say(answers, [[round(value, 3) for value in row] for row in rows])


def _say(answers: BinaryIO, what: Any) -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
