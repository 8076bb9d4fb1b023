"""Writes what a version of geoself_jax and jax leaves behind, for later ones to read.

    PYTHONPATH=CHECKOUT python tests/compat/make.py NAME

NAME.tar.xz then has `run`, a training killed after its tenth step or later; `export`, of it;
`poses.npz`, which the export lifted; and of the same training unbroken `metrics.jsonl` and
`model.safetensors`. CHECKOUT is of the version that writes; only its commands are used.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TRAIN = ("train", "--config=recipe.py")
LEFT_OUT = re.compile(r"last/[15]$|tmp|tensorboard|log.txt|\.lock")
LIFT = ("--keypoints=tiny.npz", "--camera=cam0", "--clip=clip0")


def geoself(verb: str, *words: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Starts a command."""
    return subprocess.Popen([sys.executable, "-m", f"geoself_jax.{verb}", *words], cwd=cwd)


def finished(verb: str, *words: str, cwd: Path) -> None:
    """Runs a command to its end."""
    if code := geoself(verb, *words, cwd=cwd).wait():
        raise SystemExit(f"{verb} ended with {code}")


def killed(cwd: Path) -> None:
    """Trains until a checkpoint of step 10 or 15 is there, and kills it."""
    training = geoself(*TRAIN, "--workdir=run", cwd=cwd)
    while not list(cwd.glob("run/checkpoints/last/1[05]/commit_success.txt")):
        if training.poll() is not None:
            raise SystemExit(f"train ended with {training.returncode} before it was killed")
        time.sleep(0.01)
    training.kill()
    training.wait()


def main() -> None:
    """Makes one fixture."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("recipe.py", "tiny.npz"):
            shutil.copy(HERE / name, place / name)
        finished(*TRAIN, "--workdir=whole", cwd=place)
        finished("export", "--workdir=whole", "--out=whole_export", cwd=place)
        killed(place)
        finished("export", "--workdir=run", "--out=export", cwd=place)
        finished("lift", "--model=export", *LIFT, "--out=poses.npz", cwd=place)
        shutil.move(place / "whole/metrics.jsonl", place / "metrics.jsonl")
        shutil.move(place / "whole_export/model.safetensors", place / "model.safetensors")
        with tarfile.open(HERE / f"{sys.argv[1]}.tar.xz", "w:xz") as archive:
            for name in ("run", "export", "poses.npz", "metrics.jsonl", "model.safetensors"):
                archive.add(place / name, name, filter=nobodys)


def nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without owners, older checkpoints, what the kill left half-written, logs and curves."""
    if LEFT_OUT.search(member.name):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
