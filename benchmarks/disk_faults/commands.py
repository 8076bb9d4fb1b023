"""The commands that write, each with what it writes in a folder and what is there before."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.reliability.lab import Lab, of_tests
from benchmarks.reliability.life import At, run
from geoself_jax.train.backup.keeper import pack

SESSION = "--nwb-session-start=2026-01-31T12:00:00+01:00"
CLIP = "--clip=clip0"
LIFTED = {
    "npz": (".npz",),
    "csv": (".csv",),
    "json": (".json",),
    "trc": (".trc",),
    "c3d": (".c3d",),
    "bvh": (".bvh",),
    "nwb": (".nwb", SESSION),
    "anipose": (".csv", "--out-format=anipose"),
    "deeplabcut": (".h5", "--out-format=deeplabcut"),
    "sleap": (".h5", "--out-format=sleap-anipose"),
}
"""Endings and flags of each format that poses are written in."""
PIPED = ("lift video", "detect", "view mp4", "view overlay", "view page with video")
"""Commands that write to the pipes of other programs, which a filter of writes would refuse too."""
ELSEWHERE = ("view page with video",)
"""Commands that wait for temporary files on another disk, which a filter of syncs would refuse."""


@dataclass(frozen=True)
class Command:
    """A command that writes into a folder.

    Attributes:
        name: The verb, and which of its outputs.
        words: Of the command; `OUT` stands for the folder.
        older: Puts into the folder what an earlier command has left, which the command replaces.
        grows: Names that begin so are of a run: they grow, and need not be whole.
        seconds: That it takes at most, without the start of a device.
        opened: Function that is called as it begins to write.
    """

    name: str
    words: tuple[str, ...]
    older: Callable[[Path], None]
    grows: tuple[str, ...] = ()
    seconds: float = 15.0
    opened: str = "geoself_jax.core.partial.remove_leavings"

    @property
    def verb(self) -> str:
        """Of the command."""
        return self.name.split()[0]

    def words_in(self, folder: Path) -> list[str]:
        """The words, with the folder's path."""
        return [word.replace("OUT", str(folder)) for word in self.words]


class Inputs:
    """What the commands read, on a disk that stays in order.

    Args:
        lab: Its recording is what they start from.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab, self.folder = lab, lab.folder
        self.config = lab.config("disk", length=10, save_minutes=0.0)
        self.half, self.run, self.export = (
            self.folder / name for name in ("half", "run", "export")
        )
        self.packed = self.folder / "run.tar"
        self._video()
        if not (self.folder / "lab").exists():
            self._trained()
            self._lifted()
            self._filmed()
            self._people()
            self._example()

    def do(self, verb: str, *words: str | Path, faults: tuple[At, ...] = ()) -> None:
        """Runs a command that is to end well, unless a fault is planted."""
        ended = run(verb, *words, log=self.folder / "inputs.txt", faults=faults)
        if ended.code and not faults:
            raise RuntimeError(f"{verb} {' '.join(map(str, words))}: {ended.output[-2000:]}")

    def _trained(self) -> None:
        killed = At("geoself_jax.runtime.checkpoints.save", 3, "SIGKILL", None)
        self.do("train", f"--config={self.config}", f"--workdir={self.half}", faults=(killed,))
        self.do("train", f"--config={self.config}", f"--workdir={self.run}")
        pack(self.half, self.packed)
        self.do("evaluate", f"--workdir={self.run}", f"--data={self.lab.data}")
        self.do("export", f"--workdir={self.run}", f"--out={self.export}")

    def _lifted(self) -> None:
        words = (f"--model={self.export}", f"--keypoints={self.lab.data}", "--camera=cam0", CLIP)
        for ending in ("npz", "csv"):
            angles = f"--angles={self.folder}/angles.csv"
            self.do("lift", *words, f"--out={self.folder}/poses.{ending}", angles)

    def _filmed(self) -> None:
        detector = (f"--detector={self.detector}", f"--detector-python={sys.executable}")
        words = (f"--model={self.export}", f"--video={self.video}", *detector, "--focal=900")
        self.do("lift", *words, f"--out={self.folder}/walk.npz")

    def _people(self) -> None:
        """Several people, seen by cameras that are not known."""
        from geoself_jax.data.recording import arrays_of

        left_out = ("R", "center", "world_up", "pose_world", "dist")
        arrays = arrays_of(of_tests("people_seen").recording())
        kept = {name: array for name, array in arrays.items() if name not in left_out}
        np.savez(self.folder / "bare.npz", allow_pickle=False, **kept)

    def _video(self) -> None:
        film = of_tests("filmed").write_video
        self.video = film(self.folder / "walk.mp4", frames=80, size=(480, 270))
        self.detector = Path(str(of_tests("bright_spot").__file__))

    def _example(self) -> None:
        built = (f"--input={self.lab.data}", "--name=lab", f"--data-dir={self.folder}/tfds")
        self.do("tfds_build", "--dataset=prepared", *built)
        self.do("example", f"--out={self.folder}/lab", "--people=1", "--frames=300")


def commands(inputs: Inputs) -> Iterator[Command]:
    """All of them but `train` and `keep`."""
    yield from _of_runs(inputs)
    yield from _of_recordings(inputs)
    yield from _of_poses(inputs)
    yield from _of_videos(inputs)


def _of_runs(inputs: Inputs) -> Iterator[Command]:
    run, data = inputs.run, inputs.lab.data

    def whole_run(folder: Path) -> None:
        shutil.copytree(run, folder / "run")
        for name in ("evaluation.json", "report.html", "examples.png", "joint_errors.png"):
            (folder / "run" / name).write_text("{}")

    def an_export(folder: Path) -> None:
        shutil.copytree(inputs.export, folder / "export")

    model = (f"--model={inputs.export}", f"--data={data}")
    yield Command("evaluate run", ("--workdir=OUT/run", f"--data={data}"), whole_run)
    scores = ("--json=OUT/scores.json", "--report=OUT/page.html")
    yield Command("evaluate export", (*model, *scores), texts("scores.json", "page.html"))
    export = (f"--workdir={run}", "--out=OUT/export", "--checkpoint=best")
    yield Command("export", export, an_export)
    yield Command("export onnx", (*export, "--onnx"), an_export, seconds=30)


def _of_recordings(inputs: Inputs) -> Iterator[Command]:
    folder, data = inputs.folder, inputs.lab.data
    together = (f"--input={data}", "--output=OUT/all.npz")
    yield Command("prepare files", together, texts("all.npz"))
    rig = (f"--calibration={folder}/lab/Calib.toml", "--fps=50", "--skeleton=h36m_17")
    person = next((folder / "lab/train").iterdir())
    rigged = (f"--input={person}", *rig, "--output=OUT/rig.npz")
    yield Command("prepare rig", rigged, texts("rig.npz"))
    names = ("output.npz", "toml.toml", "html.html", "json.json")
    outputs = tuple(f"--{name.split('.')[0]}=OUT/{name}" for name in names)
    calibrate = (f"--data={folder}/bare.npz", "--scale=height=1.75", *outputs)
    yield Command("calibrate", calibrate, texts(*names), seconds=40)
    reports = ("--html=OUT/html.html", "--json=OUT/json.json")
    yield Command("inspect", (f"--data={data}", *reports), texts("html.html", "json.json"))
    example = ("--out=OUT/lab", "--people=1", "--frames=300")
    yield Command("example", example, texts("notes.txt"))
    built = ("--dataset=prepared", f"--input={data}", "--name=lab", "--data-dir=OUT/tfds")

    def an_older_build(there: Path) -> None:
        shutil.copytree(folder / "tfds", there / "tfds")
        version = next((there / "tfds").glob("*/*/*"))
        (version / "notes.txt").write_text("an older build\n")

    overwritten = (*built, "--overwrite")
    opened = "geoself_jax.prepare.tfds.build._write_apart"
    yield Command("tfds_build", overwritten, an_older_build, opened=opened, seconds=60)


def _of_poses(inputs: Inputs) -> Iterator[Command]:
    folder, data = inputs.folder, inputs.lab.data
    lift = (f"--model={inputs.export}", f"--keypoints={data}", "--camera=cam0")
    for name, (ending, *flags) in LIFTED.items():
        out = f"poses{ending}"
        yield Command(f"lift {name}", (*lift, CLIP, f"--out=OUT/{out}", *flags), texts(out))
    several = (*lift, "--out=OUT/{clip}.npz", "--angles=OUT/{clip}.mot")
    names = [f"clip{clip}.{ending}" for clip in range(6) for ending in ("npz", "mot")]
    yield Command("lift clips", several, texts(*names))
    together = (f"--data={data}", "--out=OUT/{clip}.csv", "--angles=OUT/{clip}.mot")
    names = [name.replace("npz", "csv") for name in names]
    yield Command("triangulate", together, texts(*names), seconds=40)
    poses = ("--poses", f"{folder}/poses.npz")
    yield Command("view html", (*poses, "--out=OUT/view.html"), texts("view.html"))
    angles = ("--angles", f"{folder}/angles.csv", "--out=OUT/angles.html")
    yield Command("view angles", angles, texts("angles.html"))
    yield Command("view png", (*poses, "--count=2", "--out=OUT/view.png"), texts("view.png"))
    for ending in ("gif", "mp4"):
        film = (*poses, "--width=480", "--fps=15", f"--out=OUT/view.{ending}")
        yield Command(f"view {ending}", film, texts(f"view.{ending}"), seconds=30)


def _of_videos(inputs: Inputs) -> Iterator[Command]:
    by = (f"--detector={inputs.detector}", f"--detector-python={sys.executable}")
    detect = (str(inputs.video), "--out=OUT/joints", *by)
    yield Command("detect", detect, texts("notes.txt"))
    lift = (f"--model={inputs.export}", f"--video={inputs.video}", *by, "--focal=900")
    yield Command("lift video", (*lift, "--out=OUT/walk.csv"), texts("walk.csv"), seconds=30)
    over = ("--poses", f"{inputs.folder}/walk.npz", f"--video={inputs.video}")
    for name, out in (("overlay", "over.mp4"), ("page with video", "over.html")):
        yield Command(f"view {name}", (*over, f"--out=OUT/{out}"), texts(out), seconds=30)


def texts(*names: str) -> Callable[[Path], None]:
    """Puts files there that hold a line of text each."""

    def write(folder: Path) -> None:
        for name in names:
            os.makedirs((folder / name).parent, exist_ok=True)
            (folder / name).write_text(f"an older {name}\n")

    return write
