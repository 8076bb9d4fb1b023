"""MediaPipe's pose landmarks of photographs, saved as its users do: .npy, .csv and .json.

The photographs, of people in a street and of two faces, come with Ultralytics' package.
"""

import csv
import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from google.protobuf.json_format import MessageToDict

from benchmarks.writers.known import HEIGHT, WIDTH, Written


def photographs() -> list[np.ndarray]:
    """RGB images of one size: the street, a grey wall, the street mirrored, the faces."""
    assets = Path(str(distribution("ultralytics").locate_file("ultralytics/assets")))
    street, faces = (_image(assets / name) for name in ("bus.jpg", "zidane.jpg"))
    wall = np.full_like(street, 128)
    return [street, wall, np.ascontiguousarray(street[:, ::-1]), faces]


def _image(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None, path
    return cv2.cvtColor(cv2.resize(image, (WIDTH, HEIGHT)), cv2.COLOR_BGR2RGB)


def main(folder: Path) -> None:
    """Writes all files."""
    pose_of = mediapipe.solutions.pose
    with pose_of.Pose(static_image_mode=True) as pose:
        results = [pose.process(image) for image in photographs()]
    found = [result.pose_landmarks for result in results]
    there = [None if people is None else people.landmark for people in found]
    fields = ("x", "y", "z", "visibility")
    rows = np.array(
        [[[getattr(one, a) for a in fields] for one in people or [None] * 33] if people else
         np.full((33, 4), np.nan).tolist() for people in there]
    )  # fmt: skip
    truth = rows[None, ..., [0, 1, 3]] * [WIDTH, HEIGHT, 1]
    written = Written(folder, f"mediapipe {mediapipe.__version__}")
    np.save(folder / "four.npy", rows)
    written.add("four.npy", "np.save of x, y, z, visibility", truth)
    np.save(folder / "pixels.npy", truth[0].astype(np.float32))
    written.add("pixels.npy", "np.save of x, y, visibility in pixels", truth)
    names = [landmark.name for landmark in pose_of.PoseLandmark]
    with (folder / "wide.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["frame", *(f"{name}_{axis}" for name in names for axis in fields)])
        table.writerows([f, *row.ravel()] for f, row in enumerate(rows))
    written.add("wide.csv", "csv.writer, a row a frame", truth)
    with (folder / "long.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["frame", "landmark", *fields])
        for f, people in enumerate(there):
            for name, one in zip(names, people or [], strict=bool(people)):
                table.writerow([f, name, *(getattr(one, a) for a in fields)])
    written.add("long.csv", "csv.writer, a row a landmark", truth)
    frames = [
        {"frame": f, "landmarks": MessageToDict(people)["landmark"] if people else []}
        for f, people in enumerate(found)
    ]
    (folder / "messages.json").write_text(json.dumps(frames))
    written.add("messages.json", "MessageToDict of pose_landmarks", truth)
    lists = [[{a: getattr(one, a) for a in fields} for one in people or []] for people in there]
    (folder / "lists.json").write_text(json.dumps(lists))
    written.add("lists.json", "json.dumps of x, y, z, visibility", truth)
    written.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
