"""MODEL_CARD.md of a general model."""

import textwrap
from typing import Any

from benchmarks.general import bodies, cameras, detections
from geoself_jax.core.config import ModelConfig, from_dict

SOURCE = """The motion is that of the CMU Graphics Lab Motion Capture Database, as four-camera
triangulation gives it back from simulated detections, and of the built-in generator. Its terms
allow use in products, also commercial ones; they do not allow to resell the motion data itself,
which is not in here. **The data used in this project was obtained from mocap.cs.cmu.edu. The
database was created with funding from NSF EIA-0196217.**"""

WEAK = {
    "coco_17": "Nose, eyes and ears were placed by usual proportions and a drawn turn of the head, "
    "not measured: where the head looks is a weak guess.",
    "halpe_26": "Face, crown, toes and heels were placed by usual proportions, a drawn turn of the "
    "head and the plane in which the knee bends, not measured: the head's turn and the foot's "
    "angle are weak guesses.",
    "h36m_17": "Spine, thorax, neck and head are those of motion capture: a detector's differ by "
    "centimetres.",
}


def card(info: dict[str, Any], skeleton: str, scores: dict[str, Any]) -> str:
    """Returns the card as Markdown.

    Args:
        info: Contents of model.json, with `general` and `range`.
        skeleton: A value of `recipe.MODELS`.
        scores: Of `scoring.score`, by recording.
    """
    sections = (
        _head(info),
        _use(info, skeleton),
        _training(info),
        _scores(scores),
        _arrays(info),
        _licence(),
    )
    return "\n\n".join(map(_filled, sections)) + "\n"


def _filled(section: str) -> str:
    """Wraps paragraphs and items of lists; tables, headings and commands stay as they are."""
    blocks: list[str] = []
    for line in section.splitlines():
        starts = line.startswith(("* ", "|", "#", "    ")) or not line
        if starts or not blocks or blocks[-1].startswith(("|", "#", "    ")) or not blocks[-1]:
            blocks.append(line)
        else:
            blocks[-1] += " " + line.strip()
    kept = ("|", "#", "    ")
    return "\n".join(
        block
        if block.startswith(kept)
        else textwrap.fill(
            block, 100, subsequent_indent="  " * block.startswith("* "), break_on_hyphens=False
        )
        for block in blocks
    )


def _head(info: dict[str, Any]) -> str:
    config = from_dict(ModelConfig, info["architecture"], "architecture")
    size = info["files"]["model.safetensors"]["bytes"] / 1e6
    name = info["general"]["name"]
    return f"""# Model card: {name}

3D joints of one person from one camera's 2D joints, for cameras, people and detectors that nobody
trained on. Two residual networks (width {config.width} and {config.root_width}, {size:.1f} MB) see
one frame's joints and scores and predict {len(info["skeleton"]["joint_names"])} joints relative to
the {info["skeleton"]["joint_names"][info["skeleton"]["root"]]}, each with an expected error, and
where that is.

    geoself lift --model={name} --video=phone.mp4 --fov=60 --out=poses.npz"""


def _use(info: dict[str, Any], skeleton: str) -> str:
    low, high = info["range"]["fov_degrees"]
    near, far = info["range"]["distance_m"]
    return f"""## What for, and what not

* For a first look, for motion that need not be exact, where there is one camera and no rig. Who has
  two calibrated cameras or more trains on them: docs/general.md has what that gains.
* One person at a time, upright, seated, crouching or kneeling, {near:g} to {far:g} m away, by a
  camera held about level (rolled by {cameras.ROLL[0]:g}, at times {cameras.ROLL[1]:g} degrees,
  looking up or down by at most {cameras.STEEPEST:g}), fields of view of {low:g} to {high:g} degrees
  across the image, {bodies.SHORTEST:g} to {bodies.TALLEST:g} m tall. `lift` warns
  outside of that.
* {WEAK[skeleton]}
* How tall somebody is cannot be seen by one camera: the scale of a pose, and with it the distance,
  is a guess from proportions. A child may come out as a small adult further away.
* Not for several people in one another's way, animals, people who lie or are upside down (few were
  shown), missing limbs, wheelchairs, robots, or bodies cut by the image's border (half a body is
  guessed).
* Each frame alone: poses jitter; `lift --filter` smooths them.
* Not tested for medical, safety or legal decisions about people."""


def _training(info: dict[str, Any]) -> str:
    facts, data = info["general"], info["data"]
    return f"""## Training

**No 3D label was used.** Joints of 12 people were triangulated from four simulated cameras'
detections; the built-in generator's motion is made up. Every two seconds of either were given
another body ({bodies.CHILDREN:.0%} of children's size and proportions), seen by four other cameras,
and detected with offsets, jitter, exchanged sides, lost parts and scores that often say nothing
({detections.SMOOTH:g} times the errors measured on a real detector, or others).

* instants: {data["train_frames"]} of {len(data["subjects"])} people, {data["views"]} views each;
  {data["validation_frames"]} more of {", ".join(data["validation_subjects"])}, on whom expected
  errors were calibrated
* steps: {info["config"]["schedule"]["length"]} of {info["config"]["schedule"]["batch"]} instants of
  {info["config"]["objective"]["views"]} views, seed {info["config"]["seed"]};
  {facts["cpu_minutes"]} minutes of one CPU core, simulation included
* command: `{facts["command"]}`, commit {facts["commit"]}
* every setting: `config` in model.json"""


def _scores(scores: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {s['mpjpe_mm']:.0f} | {s['p_mpjpe_mm']:.0f} | {s['root_mm']:.0f} | "
        f"{s['uncertainty_mm']:.0f} |"
        for name, s in scores.items()
    ]
    return "\n".join(
        [
            "## Scores",
            "",
            "Millimetres over limbs and pelvis, each view lifted by itself. None of these people "
            "and",
            "cameras was trained on. The real clip is one person's, 100 frames, compared with what "
            "its four",
            "cameras triangulate; joints that a recording's detector lacks were missing.",
            "",
            "| recording | MPJPE | P-MPJPE | root, median | expected error, mean |",
            "| --- | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def _arrays(info: dict[str, Any]) -> str:
    names = ", ".join(info["skeleton"]["joint_names"]).replace("_", r"\_")
    conventions = info["conventions"].replace("_", r"\_").replace("*", r"\*")
    return f"""## Inputs and outputs

{conventions}

Joints: {names}."""


def _licence() -> str:
    return f"""## Licence

The weights are Apache-2.0, as geoself_jax is. {SOURCE}"""
