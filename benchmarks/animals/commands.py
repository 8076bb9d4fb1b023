"""The whole path by the commands that a user gives, each a process of its own."""

import subprocess
import sys
import time
from pathlib import Path


class Commands:
    """Runs commands and keeps how long each took.

    Attributes:
        seconds: Wall time of each by its name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, name: str, verb: str, *words: object) -> None:
        """Runs `python -m geoself_jax.VERB WORDS`.

        Args:
            name: Of its wall time.
            verb: The command.
            words: Its flags.

        Raises:
            SystemExit: It failed; what it said is printed.
        """
        line = [str(word) for word in words]
        print(f"$ geoself {verb} {' '.join(line)}", flush=True)
        start = time.monotonic()
        asked = [sys.executable, "-m", f"geoself_jax.{verb}", *line]
        done = subprocess.run(asked, capture_output=True, text=True)
        self.seconds[name] = round(time.monotonic() - start, 1)
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}\nexit code {done.returncode}")


def prepare(commands: Commands, folder: Path, part: str) -> Path:
    """Prepares `train` or `test` of a folder that `recording.write` wrote; the recording."""
    out = folder / f"{part}.npz"
    commands.run(
        f"prepare {part}",
        "prepare",
        f"--input={folder / part}",
        f"--calibration={folder / 'calibration.toml'}",
        *("--unit=mm", "--up=z", "--fps=50"),
        f"--skeleton={folder / 'skeleton.toml'}",
        f"--output={out}",
    )
    return out


def lift(commands: Commands, folder: Path, export: Path, keypoints: Path, camera: str) -> Path:
    """Lifts what one camera's detector wrote; the poses."""
    out = folder / "poses.npz"
    commands.run(
        "lift",
        "lift",
        f"--model={export}",
        f"--keypoints={keypoints}",
        f"--camera={folder / 'calibration.toml'}:{camera}",
        *("--unit=mm", "--world-up=z", "--fps=50"),
        f"--skeleton={folder / 'skeleton.toml'}",
        f"--out={out}",
    )
    return out
