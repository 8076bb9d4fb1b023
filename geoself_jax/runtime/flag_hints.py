"""What a flag that does not exist was meant to be."""

import dataclasses
from collections.abc import Collection, Iterator

from geoself_jax.core.config import Config
from geoself_jax.core.errors import nearest_name

KEYS = {
    "batch_size": "schedule.batch",
    "batch": "schedule.batch",
    "lr": "optimizer.learning_rate",
    "epochs": "schedule.length",
    "steps": "schedule.length",
    "iterations": "schedule.length",
    "data": "data.train",
    "input": "data.train",
    "gpu": "device",
    "gpus": "device",
    "cuda": "device",
}
"""Names that other programs have, to keys of the configuration."""

FLAGS = {
    "output": ("--out", "--workdir"),
    "out": ("--output", "--workdir", "--html"),
    "input": ("--keypoints", "--poses", "--data", "--workdir"),
    "data": ("--input", "--keypoints"),
    "poses": ("--keypoints", "--data"),
    "calibration": ("--camera",),
    "calib": ("--calibration", "--camera"),
    "workdir": ("--model",),
    "model": ("--workdir",),
    "run": ("--workdir",),
    "export": ("--model",),
    "checkpoint": ("--workdir",),
    "framerate": ("--fps",),
}
"""Names of another of our commands, to the flags that may be meant, of which the first known."""

CONTINUES = ("resume", "continue", "restart")


def meant(word: str, options: Collection[str]) -> str:
    """What to write in place of a flag that does not exist.

    Args:
        word: As the user wrote it, `--batch_size=64`.
        options: The command's flags.
    """
    name, _, value = word.lstrip("-").partition("=")
    given = f"={value}" if value else ""
    if not word.startswith("-"):
        return "write --FLAG=VALUE, see --help"
    if "--config" in options:
        if name in CONTINUES:
            return "leave it out: the same command continues where it stopped"
        key = _key(name)
        if key is not None:
            return f"write --config.{key}{'=gpu' if wanted_gpu(name) else given}"
    other = next((flag for flag in FLAGS.get(name, ()) if flag in options), None)
    if other is not None:
        extra = ":NAME" if name.startswith("calib") and other == "--camera" else ""
        return f"did you mean {other}{given or '=...'}{extra}?"
    if name in FLAGS:
        return "this command has none: see --help"
    return nearest_name(word.split("=")[0], options)


def wanted_gpu(name: str) -> bool:
    """Whether a flag asks for a GPU, whatever number it gives."""
    return name in ("gpu", "gpus", "cuda")


def _key(name: str) -> str | None:
    """The one key of the configuration of that name, with or without its group."""
    wanted = name.replace("-", "_")
    keys = list(_keys(Config))
    if wanted in KEYS:
        return KEYS[wanted]
    found = [key for key in keys if wanted in (key, key.rpartition(".")[2])]
    return found[0] if len(found) == 1 else None


def _keys(kind: type, before: str = "") -> Iterator[str]:
    for field in dataclasses.fields(kind):
        inner = field.default_factory
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from _keys(inner, f"{before}{field.name}.")
        else:
            yield before + field.name
