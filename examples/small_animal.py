"""Writes made-up animals as a lab leaves them: anipose's calibration, DeepLabCut's tables.

    pip install numpy
    python examples/small_animal.py runs/mouse

runs/mouse gets `calibration.toml` (millimetres, z up), `skeleton.toml`, and in `train` and `test`
a folder an animal with a table a camera. They walk, turn, rear and nod; no two are of one size or
shape. `--body` is their length from nose to tail, `--telephoto=50` puts the cameras 50 times as far
away behind lenses that are 50 times as long: telecentric in the limit. The true joints,
(frames, joints, 3) in metres, are in `truth` as one .npy an animal.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

IMAGE = (1280, 1024)
FOCAL = 1500.0  # pixels, without --telephoto
PARENTS = {
    "spine": None,
    "neck": "spine",
    "nose": "neck",
    "left_ear": "neck",
    "right_ear": "neck",
    "tail_base": "spine",
    "tail_middle": "tail_base",
    **{f"{side}_{leg}_joint": at for leg, at in (("fore", "neck"), ("hind", "tail_base"))
       for side in ("left", "right")},
    **{f"{side}_{leg}_paw": f"{side}_{leg}_joint" for leg in ("fore", "hind")
       for side in ("left", "right")},
}  # fmt: skip
JOINTS = tuple(PARENTS)
LEFT_RIGHT = [(j, j.replace("left", "right")) for j in JOINTS if j.startswith("left")]


def animal(rng: np.random.Generator, frames: int, fps: float) -> np.ndarray:
    """Joints of one animal, (frames, joints, 3), in lengths of its body; z up, floor at 0."""
    t = np.arange(frames) / fps

    def wave(low: float, high: float, period: float) -> np.ndarray:
        parts = [np.sin(2 * np.pi * (t / (period * rng.uniform(0.6, 1.7)) + rng.random()))
                 for _ in range(3)]  # fmt: skip
        return low + (high - low) * (0.5 + np.mean(parts, 0) / 1.6)

    size = rng.uniform(0.88, 1.12)
    long, wide, high = size * rng.uniform(0.93, 1.07, 3)
    heading, bend = np.cumsum(wave(-1.5, 1.5, 4)) / fps * 1.5, wave(-0.5, 0.5, 2)
    pitch = np.clip(wave(-0.5, 0.9, 5), 0, None)  # rearing
    nod, gait = wave(-0.6, 0.3, 1.5), 2 * np.pi * np.cumsum(wave(0.5, 3, 3)) / fps
    rows = (t, np.zeros_like(t), np.zeros_like(t))

    def turned(x: float, y: float, z: float, yaw: np.ndarray, up: np.ndarray) -> np.ndarray:
        flat, lift = x * np.cos(up) - z * np.sin(up), x * np.sin(up) + z * np.cos(up)
        return np.stack([flat * np.cos(yaw) - y * np.sin(yaw),
                         flat * np.sin(yaw) + y * np.cos(yaw), lift + 0 * rows[0]], -1)  # fmt: skip

    at = {"tail_base": np.stack([wave(-0.6, 0.6, 6), wave(-0.6, 0.6, 7), 0.22 * high + 0 * t], -1)}
    at["spine"] = at["tail_base"] + turned(0.3 * long, 0, 0.03, heading, pitch)
    at["neck"] = at["spine"] + turned(0.27 * long, 0, 0.01, heading + bend, pitch)
    head, level = heading + 1.7 * bend, pitch + nod
    at["nose"] = at["neck"] + turned(0.22 * long, 0, -0.02, head, level)
    for side, y in (("left", 0.07), ("right", -0.07)):
        at[f"{side}_ear"] = at["neck"] + turned(0.08 * long, y * wide, 0.06, head, level)
        for leg, hung, down in (("fore", "neck", 0.1), ("hind", "tail_base", 0.08)):
            phase = gait + np.pi * ((side == "left") != (leg == "fore"))
            swing, lift = 0.5 * np.sin(phase), 0.06 * np.clip(np.cos(phase), 0, None)
            yaw, up = (heading + bend, pitch) if leg == "fore" else (heading, 0 * pitch)
            upper = turned(0.02, 1.1 * y * wide, -down * high, yaw, up)
            joint = at[f"{side}_{leg}_joint"] = at[hung] + upper
            foot = 0.1 * high * np.stack([np.sin(swing) * np.cos(yaw), np.sin(swing) * np.sin(yaw),
                                          -np.cos(swing)], -1)  # fmt: skip
            at[f"{side}_{leg}_paw"] = joint + foot + lift[:, None] * [0, 0, 1]
    at["tail_middle"] = at["tail_base"] + turned(-0.35 * long, 0, -0.03, heading - bend, 0 * pitch)
    return size * np.stack([at[name] for name in JOINTS], 1)


def ring(views: int, body: float, telephoto: float) -> dict[str, dict[str, np.ndarray]]:
    """K, R and center, metres, of cameras around a floor, all looking at its middle."""
    found = {}
    for view in range(views):
        angle, height = 2 * np.pi * (view + 0.1 * (view % 2)) / views, 0.45 + 0.25 * (view % 2)
        ahead = -np.array([np.cos(angle), np.sin(angle), height])
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 0, 1])
        R = np.stack([right / np.linalg.norm(right), np.cross(ahead, right), ahead])
        R[1] /= np.linalg.norm(R[1])
        K = np.array([[FOCAL * telephoto, 0, IMAGE[0] / 2], [0, FOCAL * telephoto, IMAGE[1] / 2],
                      [0, 0, 1]])  # fmt: skip
        center = -4.5 * body * telephoto * ahead + np.array([0, 0, 0.2 * body])
        found[f"cam{view}"] = {"K": K, "R": R, "center": center}
    return found


def project(points: np.ndarray, camera: dict[str, np.ndarray]) -> np.ndarray:
    """Pixels (..., 2) of points in metres."""
    seen = (points - camera["center"]) @ camera["R"].T @ camera["K"].T
    return np.asarray(seen[..., :2] / seen[..., 2:])


def rotation_vector(R: np.ndarray) -> np.ndarray:
    """Axis times angle, for angles below a half turn."""
    angle = np.arccos(np.clip((np.trace(R) - 1) / 2, -1, 1))
    axis = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    return np.asarray(axis * angle / (2 * np.sin(angle)))


def write_calibration(path: Path, cameras: dict[str, dict[str, np.ndarray]]) -> None:
    """The calibration.toml of anipose; its unit is that of its board, here millimetres."""
    lines = []
    for name, camera in cameras.items():
        away = -1000 * camera["R"] @ camera["center"]
        lines += [f"[{name}]", f'name = "{name}"', f"size = {list(IMAGE)}"]
        lines += [f"matrix = {camera['K'].tolist()}", "distortions = [0.0, 0.0, 0.0, 0.0, 0.0]"]
        lines += [f"rotation = {rotation_vector(camera['R']).tolist()}"]
        lines += [f"translation = {away.tolist()}", ""]
    path.write_text("\n".join([*lines, "[metadata]", "adjusted = true", "error = 0.5", ""]))


def write_skeleton(path: Path) -> None:
    """The skeleton, by name."""
    parents = {joint: parent for joint, parent in PARENTS.items() if parent}
    pairs = [list(pair) for pair in LEFT_RIGHT]
    lines = [f"joints = {list(JOINTS)}", 'root = "spine"', f"left_right = {pairs}", "", "[parents]"]
    lines += [f"{joint} = {parent!r}" for joint, parent in parents.items()]
    path.write_text("\n".join([*lines, ""]).replace("'", '"'))


def write_table(path: Path, pixels: np.ndarray, confidence: np.ndarray) -> None:
    """DeepLabCut's csv of one camera."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["scorer", *["example"] * 3 * len(JOINTS)])
        out.writerow(["bodyparts", *[joint for joint in JOINTS for _ in range(3)]])
        out.writerow(["coords", *["x", "y", "likelihood"] * len(JOINTS)])
        rows = np.concatenate([pixels, confidence[..., None]], -1).reshape(len(pixels), -1)
        for frame, row in enumerate(rows):
            out.writerow([frame, *[f"{value:.4f}" for value in row]])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="to write; must not be there")
    parser.add_argument("--body", type=float, default=80.0, metavar="MM", help="length (80)")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--animals", type=int, default=6, help="one more is in test")
    parser.add_argument("--frames", type=int, default=1500, help="of each animal")
    parser.add_argument("--fps", type=float, default=50.0)
    parser.add_argument("--noise", type=float, default=1.5, help="of the 2D joints, pixels")
    parser.add_argument("--telephoto", type=float, default=1.0, help="times as far, times as long")
    flags = parser.parse_args()
    body, rng = flags.body / 1000, np.random.default_rng(0)
    cameras = ring(flags.cameras, body, flags.telephoto)
    (flags.folder / "truth").mkdir(parents=True)
    write_calibration(flags.folder / "calibration.toml", cameras)
    write_skeleton(flags.folder / "skeleton.toml")
    for number in range(flags.animals + 1):
        points = body * animal(rng, flags.frames, flags.fps)
        part, name = "train" if number < flags.animals else "test", f"animal{number}"
        np.save(flags.folder / "truth" / f"{name}.npy", points)
        for camera in cameras:
            pixels = project(points, cameras[camera])
            pixels = pixels + rng.normal(0, flags.noise, pixels.shape)
            confidence = rng.uniform(0.6, 1, pixels.shape[:-1])
            lost = rng.random(confidence.shape) < 0.02
            pixels[lost] += rng.normal(0, 40, (int(lost.sum()), 2))
            confidence[lost] = rng.uniform(0.05, 0.4, int(lost.sum()))
            write_table(flags.folder / part / name / f"{camera}.csv", pixels, confidence)
    print(
        f"{flags.folder}: {flags.animals} animals to train on, 1 to test, {flags.cameras} cameras"
    )


if __name__ == "__main__":
    main()
