"""MODEL_CARD.md: what somebody who is handed the networks should know, from what the run knows."""

from typing import Any

from geoself_jax.core.config import ModelConfig, from_dict
from geoself_jax.export.card_scores import scores
from geoself_jax.export.folder import CARD, ONNX, PROGRAM, SAMPLE
from geoself_jax.export.markdown import table, text
from geoself_jax.lift import exported

_OBJECTIVES = {
    "transform": "the paper's loss, eq. (7): the lifted pose, moved into the other views and "
    "projected, against the detections there",
    "reprojection": "re-projection into the pose's own view alone, eq. (2), which does not see "
    "depth: for comparison, not for use",
    "pseudo_label": "joints triangulated from the views' detections",
    "both": "the paper's loss, eq. (7), together with joints triangulated from the views' "
    "detections",
}
_WHAT = {
    exported.WEIGHTS: "weights; numpy reads it",
    PROGRAM: "program with weights; jax runs it, of the exporting version or newer",
    ONNX: "program with weights; onnxruntime runs it",
    SAMPLE: "made-up inputs and the answer to them, to try a runtime on",
}


def card(info: dict[str, Any], differences_mm: dict[str, float]) -> str:
    """The card as Markdown; names that came from files are escaped.

    Args:
        info: The description (model.json), with the facts of the files written so far.
        differences_mm: Of each file that lifts from the run's networks, by file name.
    """
    sections = (
        _head(info),
        _training(info),
        scores(info["scores"]),
        _conventions(info),
        _running(info),
        _limits(info),
        _files(info, differences_mm),
        _licence(info),
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _head(info: dict[str, Any]) -> list[str]:
    joints, built = info["skeleton"]["joint_names"], info["architecture"]
    root, frames = joints[info["skeleton"]["root"]], built["frames"]
    config = from_dict(ModelConfig, built, "architecture")
    sizes = [(built["width"], built["blocks"]), (built["root_width"], built["root_blocks"])]
    lifting, placing = (
        f"{1 + (config.narrowing + blocks) * built['layers']} layers of {width} units"
        for width, blocks in sizes
    )
    several = f"in {frames} consecutive pictures, of which the middle one is lifted"
    if config.temporal == "paths":
        several += f" (at the middle one and each joint's path through the {frames})"
    looked_at = "one picture's joints at a time" if frames == 1 else f"a person's joints {several}"
    unsure = "They also say how far off each joint may be. " if built.get("uncertainty") else ""
    trust = ", and at how sure the detector was of each" if built["confidence"] else ""
    return [
        "# Model card: one camera's 2D joints to a 3D pose",
        "",
        f"Two residual networks (geoself_jax): one gives a person's {len(joints)} joints in 3D "
        f"relative to the {text(root)} ({lifting}), the other that joint's place before the "
        f"camera ({placing}). {unsure}They look at {looked_at}{trust}, not at pictures.",
    ]


def _training(info: dict[str, Any]) -> list[str]:
    data, settings, recording = info["data"], info["config"], info["recording"] or {}
    people = data["subjects"]
    rate = f", {recording['fps']:g} frames per second" if "fps" in recording else ""
    facts = {
        "data": f"{text(data['source'])}: {data['train_frames']} frames of {len(people)} people "
        f"in {data['views']} synchronized, calibrated views{rate} (sha256 {data['sha256']}); "
        f"{data['validation_frames']} more frames held out to choose the checkpoint",
        "learned from": _objective(info),
        "recipe": _recipe(settings),
        "checkpoint": f"step {info['scores']['checkpoint']['step']} "
        f"({text(info['scores']['checkpoint']['which'])})",
        "with": _versions(info["versions"]["training"]),
    }
    return [
        "## Training",
        "",
        _labels(data),
        "",
        *(f"* {key}: {value}" for key, value in facts.items()),
        f"* every setting: `config` in {exported.DESCRIPTION}",
    ]


def _labels(data: dict[str, Any]) -> str:
    if data["supervised_upper_bound"]:
        return (
            "**Trained on ground-truth 3D poses**, as an upper bound to compare with: this is not "
            "what the method reaches without 3D labels."
        )
    return (
        "**No 3D label was used**: no motion capture, no 3D annotation; only a 2D detector's "
        "joints with their confidences, and the cameras' calibration. If the recording holds "
        "ground truth, training did not see it."
    )


def _objective(info: dict[str, Any]) -> str:
    if info["data"]["supervised_upper_bound"]:
        return "ground truth"
    objective = info["config"]["objective"]
    name = objective["name"]  # of a loss that was added, its own
    return f"{_OBJECTIVES.get(name, name)} ({objective['views']} views an instant)"


def _recipe(settings: dict[str, Any]) -> str:
    schedule, share = settings["schedule"], settings["augmentation"]["share"]
    first = f"{schedule['pretrain']} of stage one, then " if schedule["pretrain"] else ""
    views = f"; {share:.0%} of the samples are new views of triangulated bodies" if share else ""
    return (
        f"Adam at {settings['optimizer']['learning_rate']:g} ({settings['optimizer']['schedule']}),"
        f" {first}{schedule['length']} {schedule['unit']} of {schedule['batch']} instants, "
        f"seed {settings['seed']}{views}"
    )


def _versions(versions: dict[str, str] | None) -> str:
    pairs = (versions or {"versions": "not recorded"}).items()
    return ", ".join(text(f"{name} {number}") for name, number in pairs)


def _conventions(info: dict[str, Any]) -> list[str]:
    rows = []
    for way, arrays in (("in", info["inputs"]), ("out", info["outputs"])):
        for array in arrays:
            shape, unit = " x ".join(map(str, array["shape"])), array["unit"]
            rows.append([f"`{array['name']}`", way, shape, "" if unit == "1" else unit])
    names = ", ".join(text(name) for name in info["skeleton"]["joint_names"])
    return [
        "## Inputs and outputs",
        "",
        *table(["array, float32", "", "shape (b: batch)", "unit"], rows),
        "",
        info["conventions"].replace("_", r"\_").replace("*", r"\*"),
        "",
        f"Joints: {names}.",
    ]


def _running(info: dict[str, Any]) -> list[str]:
    names = ", ".join(array["name"] for array in info["outputs"])
    call = "lift.predict" if info["architecture"].get("uncertainty") else "lift"
    onnx = [
        "session = onnxruntime.InferenceSession(DIR + '/model.onnx')  # onnxruntime",
        f"{names} = session.run(None, "
        "{'keypoints_2d': keypoints_2d, 'confidence': confidence, 'K': K})",
    ]
    return [
        "## Use",
        "",
        "Each of these by itself; `DIR` is this folder.",
        "",
        "```python",
        "lift = geoself_jax.load_lifter(DIR)  # this package: any batch shape, inputs checked",
        f"{names} = {call}(keypoints_2d, confidence, K)",
        "",
        "program = jax.export.deserialize(bytearray(open(DIR + '/model.stablehlo', 'rb').read()))",
        f"{names} = program.call(keypoints_2d, confidence, K)  # jax alone",
        *(["", *onnx] if ONNX in info["files"] else []),
        "```",
        "",
        f"`examples/run_safetensors.py` of geoself_jax computes the same with numpy alone. "
        f"{SAMPLE} holds inputs and the networks' answer to them.",
    ]


def _limits(info: dict[str, Any]) -> list[str]:
    data = info["data"]
    evaluation = info["scores"]["evaluation"] or {}
    depth = evaluation.get("root_error_mm")
    off = f"{depth / 10:.0f} cm off on average" if depth else "15 to 30 cm off in our tests"
    return [
        "## Limits",
        "",
        *(
            ["* Trained on procedural people: good for trying the software, not for measuring."]
            if _is_made_up(info)
            else []
        ),
        f"* {len(data['subjects'])} people taught it. Bodies, movements, viewpoints and detectors "
        "unlike theirs are lifted worse, and nothing in the answer says so.",
        f"* How far away a person is can hardly be seen in one view: `root_position` was {off}, "
        "mostly in depth.",
        "* A pose is given whatever comes in, even from no joint: look at `confidence`.",
        "* Joints must mean what the training detector's joints meant; another detector's wrist or "
        "hip is some centimetres elsewhere.",
        f"* One person, {_alone(info)}: no smoothing, no contact with the floor, no limits of "
        "the joints.",
        "* Not tested for medical, safety or legal decisions about people.",
    ]


def _alone(info: dict[str, Any]) -> str:
    frames = info["architecture"]["frames"]
    if frames == 1:
        return "each frame by itself"
    fps = (info["recording"] or {}).get("fps")
    at = f" at the {fps:g} a second of the training videos" if fps else ""
    return f"each frame from the {frames} about it{at}"


def _files(info: dict[str, Any], differences_mm: dict[str, float]) -> list[str]:
    rows = []
    for name, facts in info["files"].items():
        off = differences_mm.get(name)
        told = "-" if off is None else f"{off:.1e} mm"
        rows.append([f"`{name}`", _WHAT[name], f"{facts['bytes'] / 1e6:.3f}", told])
    return [
        "## Files",
        "",
        *table(["file", "", "MB", "largest difference, read back"], rows, numbers=2),
        "",
        f"`{exported.DESCRIPTION}` describes them and holds their sha256. Differences are to "
        "the run's own networks, over batches of 1 and 37 poses with joints missing. Exported with "
        f"{_versions(info['versions']['export'])}.",
    ]


def _licence(info: dict[str, Any]) -> list[str]:
    source = info["data"]["source"]
    terms = (
        f"The terms of the training data ({text(source)}) may bind them: many data sets allow "
        "research only. "
    )
    return [
        "## Licence",
        "",
        "None is given yet: it is for whoever trained these networks to choose, and to write here "
        f"before handing them on. {'' if _is_made_up(info) else terms}geoself_jax itself is "
        f"Apache-2.0. A {CARD} that was edited is not overwritten.",
    ]


def _is_made_up(info: dict[str, Any]) -> bool:
    return bool(info["data"]["source"].startswith("synthetic:"))
