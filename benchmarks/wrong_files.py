"""Files as users have them, sound ones and ones that are not what a command wants."""

import gzip
import json
import shlex
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import yaml
from PIL import Image

from benchmarks.installed import installed
from geoself_jax.runtime import cli

pandas = installed("pandas")

SOUND = (
    "example --out=lab --people=1 --frames=240",
    "prepare --input lab/train/* --fps=50 --skeleton=h36m_17 --calibration=lab/Calib.toml "
    "--output=lab.npz",
    "train --config=tiny.py --workdir=run",
    "export --workdir=run --out=export",
    "lift --model=export --keypoints=lab.npz --camera=front_left --out=poses.npz",
    "view --poses poses.npz --count=1 --out=image.png",
    "view --poses poses.npz --width=160 --fps=5 --out=film.mp4",
)
"""Commands that make the sound files, in this order."""

TINY = """
from geoself_jax.core.config import *

def get_config():
    return Config(
        data=DataConfig(train="lab.npz"),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        schedule=ScheduleConfig(length=4, batch=16, call=2, validate=1),
    )
"""
BODY = [x for joint in range(17) for x in (100.0 + 7 * joint, 100.0 + 11 * joint, 0.9)]
COMMAS = "frame;nose_x;nose_y;nose_score\n0;512,25;300,5;0,98\n1;513,75;301,0;0,97\n"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
PAGE = "<!DOCTYPE html><html><head><title>404 Not Found</title></head><body></body></html>\n"
ROS = {"image_width": 640, "image_height": 480, "camera_name": "cam0"}


def make_sound(folder: Path) -> None:
    """Runs the commands of `SOUND`; the folder must be the working directory."""
    (folder / "tiny.py").write_text(TINY)
    (folder / "absent.py").write_text(TINY.replace("lab.npz", "data/train.npz"))
    for line in SOUND:
        verb, *words = shlex.split(line)
        given = [word for each in words for word in _expanded(each)]
        code = cli.main_of(verb)(given)
        assert code == 0, line


def _expanded(word: str) -> list[str]:
    """As a shell has it."""
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def make_wrong(folder: Path) -> None:
    """Writes the files that are no input of the command they are given to.

    Args:
        folder: Where `make_sound` has written.
    """
    _films_and_images(folder)
    _texts(folder)
    _arrays(folder)
    _tables(folder)
    _uncalibrated(folder)


def _films_and_images(folder: Path) -> None:
    (folder / "films").mkdir()
    (folder / "images").mkdir()
    for camera in ("front_left", "front_right", "back_right", "back_left"):
        (folder / f"films/{camera}.mp4").write_bytes((folder / "film.mp4").read_bytes())
    for frame in range(3):
        Image.new("RGB", (64, 48)).save(folder / f"images/{frame:06d}.png")


def _texts(folder: Path) -> None:
    for name, text in {
        "notes.npz": "camera 1 fell over at minute 3\n",
        "notes.txt": "camera 1 fell over at minute 3\n",
        "settings.json": json.dumps({"editor.fontSize": 12, "files.autoSave": "off"}),
        "empty.json": "",
        "cut.json": json.dumps({"people": [{"pose_keypoints_2d": BODY}]})[:200],
        "page.json": PAGE,
        "pointer.npz": POINTER,
        "pointer.json": POINTER,
        "commas.csv": COMMAS,
        "commas.toml": '[cam0]\nname = "cam0"\nsize = [640,0, 480,0]\nmatrix = [[1145,05]]\n',
        "train.yaml": yaml.safe_dump({"batch_size": 64, "learning_rate": 0.001}),
        "lens.yaml": yaml.safe_dump(ROS),
        "openpose.json": json.dumps({"people": [{"pose_keypoints_2d": BODY}]}),
    }.items():
        (folder / name).write_text(text)
    with gzip.open(folder / "openpose.json.gz", "wt") as stream:
        stream.write((folder / "openpose.json").read_text())


def _arrays(folder: Path) -> None:
    views = [np.zeros((5, 17, 2), np.float32)] * 4
    symmetry = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    np.savez_compressed(
        folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz",
        positions_2d=np.array({"S1": {"Walking": views}}, dtype=object),
        metadata=np.array({"num_joints": 17, "keypoints_symmetry": symmetry}, dtype=object),
    )
    np.savez(folder / "arrays.npz", x=np.zeros(3), y=np.ones(3))
    np.save(folder / "array.npy", np.zeros((5, 17, 2)))
    content = (folder / "lab.npz").read_bytes()
    (folder / "cut.npz").write_bytes(content[: len(content) // 2])
    with h5py.File(folder / "other.h5", "w") as file:
        file["measurements"] = np.zeros(3)
    with zipfile.ZipFile(folder / "weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", b"3\n")


def _tables(folder: Path) -> None:
    rows = pandas.DataFrame({"frame": [0, 1], "x": [512.25, 513.75], "y": [300.5, 301.0]})
    rows.to_csv(folder / "plain.csv", index=False)
    rows.to_csv(folder / "german.csv", index=False, sep=";", decimal=",")


def _uncalibrated(folder: Path) -> None:
    person = next((folder / "lab/train").iterdir())
    shutil.copytree(person, folder / "alone/anna")
    text = "image_width: 1000\nimage_height: 1000\ncamera_matrix: [[900, 0, 500], [0, 900, 500], "
    (folder / "board.yml").write_text(f"{text}[0, 0, 1]]\ndistortion_coefficients: [0, 0, 0, 0]\n")
    with np.load(folder / "lab.npz") as whole:
        left_out = ("R", "center", "world_up", "K", "dist")
        kept = {name: whole[name] for name in whole.files if name not in left_out}
    np.savez(folder / "bare.npz", **kept)
