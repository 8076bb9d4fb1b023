"""Runs every case of ../shared/cases through the commands: case, expected, got, right or wrong.

    python -m benchmarks.cases [--cases=../shared/cases]

Each case is made or copied into a temporary folder, prepared, inspected and, where it says so,
trained for a few steps. The residual is the median distance, pixels, of detections to their
confidence-weighted triangulation, computed here without the package's own geometry.
"""

import argparse
import functools
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FRAMES, SOUND_PX, SOUND_M = 80, 3.8, 10.744


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes:
        code: Exit code.
        text: Both streams.
        output: The recording that it wrote, or would have.
        bytes: Largest resident memory of any command so far.
    """

    code: int
    text: str
    output: Path
    bytes: int

    @property
    def line(self) -> str:
        """The error, or the last line."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("error")]
        return (errors or lines or [""])[-1]


def command(*words: object) -> Outcome:
    """Runs `python -m geoself_jax.WORDS` in a process of its own."""
    verb, *rest = [str(word) for word in words]
    done = subprocess.run(
        [sys.executable, "-m", f"geoself_jax.{verb}", *rest], capture_output=True, text=True
    )
    outputs = [word.partition("=")[2] for word in rest if word.startswith("--output=")]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Outcome(done.returncode, done.stdout + done.stderr, Path(*outputs), most)


def residual_px(path: Path) -> float:
    """Median pixels of detections to plain triangulated joints, of every fourth frame."""
    with np.load(path) as arrays:
        pixels, weight = arrays["keypoints_2d"].astype(float), arrays["confidence"].astype(float)
        K, R, center = (arrays[name][0].astype(float) for name in ("K", "R", "center"))
    P = K @ np.concatenate([R, -(R @ center[..., None])], -1)
    found = []
    for frame, joint in np.ndindex(*pixels[::4].shape[:1], pixels.shape[2]):
        row, trust = pixels[4 * frame, :, joint], weight[4 * frame, :, joint]
        seen = np.flatnonzero(trust > 0)
        if len(seen) < 2:
            continue
        lines = [
            trust[v] * (row[v, axis] * P[v, 2] - P[v, axis]) / 1000 for v in seen for axis in (0, 1)
        ]
        point = np.linalg.svd(np.array(lines))[2][-1]
        for v in seen:
            at = P[v] @ point
            found.append(np.linalg.norm(at[:2] / at[2] - row[v]))
    return float(np.median(found)) if found else float("nan")


def baseline_m(path: Path) -> float:
    """Largest distance between two cameras, metres."""
    with np.load(path) as arrays:
        center = arrays["center"][0]
    return float(np.linalg.norm(center[:, None] - center[None], axis=-1).max())


def sound(done: Outcome, frames: int = FRAMES, px: float = SOUND_PX) -> str:
    """Empty if the recording is what was filmed; else what is wrong."""
    if done.code:
        return f"exit {done.code}: {done.line}"
    with np.load(done.output) as arrays:
        count = len(arrays["keypoints_2d"])
    residual, baseline = residual_px(done.output), baseline_m(done.output)
    if count != frames or residual > px + 0.15 or abs(baseline - SOUND_M) > 0.01:
        return f"{count} frames, {residual:.1f} px, {baseline:.3f} m"
    return ""


def refused(done: Outcome, *words: str) -> str:
    """Empty if it was refused in one line with these words, any case; else what happened."""
    errors = [line for line in done.text.splitlines() if line.startswith("error")]
    if done.code == 0 or len(errors) != 1 or "Traceback" in done.text:
        return f"exit {done.code}: {done.line}"
    lacking = [word for word in words if not re.search(word, errors[0], re.IGNORECASE)]
    return f"lacks {lacking}: {errors[0]}" if lacking else ""


class Human:
    """Makes and prepares the human cases."""

    def __init__(self, cases: Path, work: Path) -> None:
        self.cases, self.work = cases, work

    def __call__(
        self, name: str, *arguments: str, inside: str = "", flags: tuple[str, ...] = ()
    ) -> Outcome:
        """The outcome of preparing one, or the folder `inside` it, with more flags."""
        folder = self.work / "_".join((name, *arguments))
        made = [sys.executable, "make.py", name, str(folder), *arguments]
        subprocess.run(made, cwd=self.cases / "human", check=True, capture_output=True)
        folder /= inside
        output = folder.parent / f"{folder.name}.npz"
        common = ("--skeleton=h36m_17", "--fps=25", f"--output={output}")
        return command("prepare", "--input", folder, *common, *flags)


def human_checks(run: Human) -> dict[str, tuple[str, Callable[[], str]]]:
    """Expected, and what is wrong (empty: right), of each human case."""
    return {
        "emptykp": ("80 instants, 3.8 px", lambda: sound(run("emptykp"))),
        "huge_image_id": ("20 instants or one line", lambda: _huge(run, "10000000")),
        "huge_image_id 3e8": ("20 instants or one line", lambda: _huge(run, "300000000")),
        "ultralytics_category0": ("read", lambda: sound(run("ultralytics_category0"))),
        "score_negative": ("read", lambda: sound(run("score_negative"))),
        "freemocap_ids": ("unit from the file, or refused", lambda: _unit(run)),
        "freemocap_ids --unit": ("read", lambda: sound(run("freemocap_ids", flags=("--unit=mm",)))),
        "freemocap_ids 8": ("unit from the file, or refused", lambda: _unit(run, "8")),
        "mmpose_late": ("6 instants of cam3 empty", lambda: _late(run)),
        "caliscope_native": (
            "read, or the file to use named",
            lambda: _either(run("caliscope_native"), "caliscope"),
        ),
        "fit3d_json": (
            "read, or an unknown layout",
            lambda: _either(
                run("fit3d_json", flags=("--image-size=1000x1002",)), "fit3d|centre|center|layout"
            ),
        ),
        "swap_nan": ("do not fit; no exchange advised", lambda: _exchange(run)),
    }


def _huge(run: Human, start: str) -> str:
    done = run("huge_image_id", start)
    if done.code:
        return refused(done)
    return sound(done, 20) or ("" if done.bytes < 2 * 2**30 else f"{done.bytes / 2**30:.1f} GiB")


def _unit(run: Human, *arguments: str) -> str:
    done = run("freemocap_ids", *arguments)
    return refused(done, "unit") if done.code else sound(done)


def _late(run: Human) -> str:
    done = run("mmpose_late")
    if done.code:
        return refused(done, "cam3")
    with np.load(done.output) as arrays:
        missing = int((arrays["confidence"][:, 2].max(-1) == 0).sum())
    pixels = residual_px(done.output)
    return "" if missing == 6 and pixels < 4 else f"{missing} missing, {pixels:.1f} px"


def _exchange(run: Human) -> str:
    done = run("swap_nan")
    if done.code:
        return f"prepare: {done.line}"
    said = command("inspect", f"--data={done.output}")
    wrong = [
        line
        for line in said.text.splitlines()
        if "exchanged" in line and line.startswith(("error", "warning"))
    ]
    return wrong[0] if wrong or not said.code else ""


def _either(done: Outcome, words: str) -> str:
    return sound(done) if done.code == 0 else refused(done, words)


def resolution(run: Human) -> str:
    """The same slightly wrong rig at two resolutions has the same verdicts."""
    found = []
    for scale in ("x1", "x4"):
        done = run("resolution_rule", inside=scale)
        if done.code:
            return f"prepare: {done.line}"
        said = command("inspect", f"--data={done.output}")
        with tempfile.TemporaryDirectory() as folder:
            trained = command(
                "train",
                "--config=synthetic",
                f"--config.data.train={done.output}",
                *(
                    "--config.schedule.length=2",
                    "--config.schedule.batch=4",
                    "--config.model.width=8",
                ),
                f"--workdir={folder}/run",
            )
        found.append((said.code, trained.code, trained.line))
    same = found[0][:2] == found[1][:2] and (found[0][0] == 0) == (found[0][1] == 0)
    return "" if same else f"{found}"


def animal(folder: Path, work: Path) -> str:
    """Empty if the case is read as filmed."""
    copied = work / folder.name
    shutil.copytree(folder, copied)
    output = work / f"{folder.name}.npz"
    unit = ("--unit=m",) if folder.name == "mouse_rig_in_metres" else ("--unit=mm",)
    flags = ("--fps=60", f"--skeleton={copied}/skeleton.toml", f"--output={output}", *unit)
    done = command("prepare", "--input", copied / "rec", *flags)
    if done.code:
        return f"exit {done.code}: {done.line}"
    residual = residual_px(output)
    if not residual < 3:
        return f"{residual:.1f} px"
    if folder.name == "mouse_rig_in_metres":
        said = command("inspect", f"--data={output}")
        errors = [line for line in said.text.splitlines() if line.startswith("error")]
        return errors[0] if errors else ""
    return ""


def main() -> int:
    """Prints a line a case; exits with 1 if one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=Path("../shared/cases"))
    parser.add_argument("--only", default="", help="cases whose name contains this")
    flags = parser.parse_args()
    if not flags.cases.is_dir():
        print(f"skipped: {flags.cases} is not here")
        return 0
    wrong = 0
    with tempfile.TemporaryDirectory() as made:
        run = Human(flags.cases.resolve(), Path(made))
        checks = human_checks(run)
        checks["resolution_rule"] = ("the same verdicts at both", lambda: resolution(run))
        for folder in sorted((flags.cases / "animal").iterdir()):
            checks[folder.name] = ("read", functools.partial(animal, folder.resolve(), Path(made)))
        for name, (expected, check) in checks.items():
            if flags.only in name:
                got = check()
                wrong += bool(got)
                print(f"{'WRONG' if got else 'right':<6}{name:<26}{expected:<34}{got}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
