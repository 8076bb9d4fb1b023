"""Writes MODEL_CARD.md: training data, scores, conventions and limits of the networks."""

from typing import Any

from geoself_jax.core.config import ModelConfig, from_dict
from geoself_jax.core.shown_lengths import ShownUnits, units_for
from geoself_jax.export.card_scores import scores
from geoself_jax.export.folder import CARD, ONNX, PROGRAM, SAMPLE, TRAINED
from geoself_jax.export.markdown import table, text
from geoself_jax.lift import exported

_OBJECTIVES = {
    "transform": "the paper's loss, eq. (7): the lifted pose, transformed to the other views and "
    "projected, against their detections",
    "reprojection": "reprojection loss of the pose's own view only, eq. (2), insensitive to "
    "depth: an ablation, not for use",
    "pseudo_label": "joints triangulated from the views' detections",
    "both": "the paper's loss, eq. (7), together with joints triangulated from the views' "
    "detections",
}
_WHAT = {
    exported.WEIGHTS: "weights; read by NumPy",
    PROGRAM: "program with weights; run by JAX (which versions: `program` in model.json)",
    ONNX: "program with weights; run by onnxruntime",
    SAMPLE: "synthetic inputs and expected outputs, to test a runtime",
    TRAINED: "poses of training subjects, without names: `evaluate` reports how unlike them "
    "others are",
}


_USUAL_DEPTH = "15 to 30 cm in our tests"
_PERSON = 1.7  # metres between the farthest joints, where `length_unit` is 1


def card(info: dict[str, Any], differences_mm: dict[str, float]) -> str:
    """Returns the card as Markdown; names from files are escaped.

    Args:
        info: The description (model.json), with the facts of the files written so far.
        differences_mm: Largest difference from the run's networks, mm, by file name.
    """
    sections = (
        _head(info),
        _training(info),
        scores(info["scores"], _units(info)),
        _conventions(info),
        _running(info),
        _limits(info),
        _files(info, differences_mm),
        _licence(info),
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _units(info: dict[str, Any]) -> ShownUnits:
    """Units of the body that was evaluated, else of that which was trained on."""
    size_mm = (info["scores"]["evaluation"] or {}).get("body_size_mm")
    trained = (info["recording"] or {}).get("length_unit", 1.0)  # not of older runs
    return units_for(_PERSON * trained if size_mm is None else size_mm / 1000)


def _head(info: dict[str, Any]) -> list[str]:
    joints, built = info["skeleton"]["joint_names"], info["architecture"]
    root, frames = joints[info["skeleton"]["root"]], built["frames"]
    config = from_dict(ModelConfig, built, "architecture")
    sizes = [(built["width"], built["blocks"]), (built["root_width"], built["root_blocks"])]
    residual = config.backbone == "residual"
    lifting, placing = (
        f"{1 + (config.narrowing + blocks) * built['layers']} layers of {width} units"
        if residual
        else f"width {width}"
        for width, blocks in sizes
    )
    kind = "residual networks" if residual else f"networks of backbone {text(config.backbone)}"
    several = f"in {frames} consecutive frames, of which the middle one is lifted"
    if config.temporal == "paths":
        several += f" (the middle one and trajectory features over all {frames})"
    inputs = "2D joints of one frame" if frames == 1 else f"2D joints {several}"
    unsure = "They also predict the uncertainty of each joint. " if built.get("uncertainty") else ""
    trust = ", with their detection confidence" if built["confidence"] else ""
    return [
        "# Model card: one camera's 2D joints to a 3D pose",
        "",
        f"Two {kind} (geoself_jax): one predicts {len(joints)} 3D joints of a person "
        f"relative to the {text(root)} ({lifting}), the other the position of that joint in the "
        f"camera frame ({placing}). {unsure}Their input is the {inputs}{trust}, not images.",
    ]


def _training(info: dict[str, Any]) -> list[str]:
    data, settings, recording = info["data"], info["config"], info["recording"] or {}
    people = data["subjects"]
    rate = f", {recording['fps']:g} frames per second" if "fps" in recording else ""
    facts = {
        "data": f"{text(data['source'])}: {data['train_frames']} frames of {len(people)} people "
        f"in {data['views']} synchronized, calibrated views{rate} (sha256 {data['sha256']}); "
        f"{data['validation_frames']} more frames of {_whom(data)} to select the checkpoint",
        **({"cameras": text(found)} if (found := recording.get("cameras_from")) else {}),
        **({"started from": _started_from(init)} if (init := info.get("init")) else {}),
        "learned from": _objective(info),
        "recipe": _recipe(settings),
        "checkpoint": f"step {info['scores']['checkpoint']['step']} "
        f"({text(info['scores']['checkpoint']['which'])})",
        "with": _versions(info["versions"]["training"]),
    }
    return [
        "## Training",
        "",
        _labels(data, info.get("init") or {}),
        "",
        *(f"* {key}: {value}" for key, value in facts.items()),
        f"* every setting: `config` in {exported.DESCRIPTION}",
    ]


def _started_from(init: dict[str, Any]) -> str:
    """The model that the run's first weights are of."""
    same, others = len(init["joints"]["same"]), ("stand_ins", "new")
    every = same + sum(len(init["joints"][key]) for key in others)
    frames = f", {init['frames']} frames" if init.get("frames") else ""
    people = f" of {len(init['subjects'])} people" if frames and init["subjects"] else ""
    return (
        f"{text(init['folder'])}, step {init['step']} (learned from {text(init['data'])}{frames}"
        f"{people}; weights sha256 {text(init['weights_sha256'])}): {same} of {every} joints by "
        "name"
    )


def _whom(data: dict[str, Any]) -> str:
    """Of whom the frames are that select the checkpoint."""
    seen = set(data["validation_subjects"]) & set(data["subjects"])  # as older runs record it
    whole = data["validation_subjects"] and not seen
    return "held-out subjects" if whole else "the same people"


def _labels(data: dict[str, Any], init: dict[str, Any]) -> str:
    if init.get("supervised_upper_bound"):
        return (
            "**Started from networks that were trained on ground-truth 3D poses**: the method does "
            "not reach this without 3D labels."
        )
    if data["supervised_upper_bound"]:
        return (
            "**Trained on ground-truth 3D poses**, a supervised upper bound: the method does not "
            "reach this without 3D labels."
        )
    return (
        "**No 3D label was used**: no motion capture, no 3D annotation; only 2D detections "
        "with confidence, and the cameras' calibration. Ground truth in the recording, if any, "
        "was not used in training."
    )


def _objective(info: dict[str, Any]) -> str:
    if info["data"]["supervised_upper_bound"]:
        return "ground truth"
    objective = info["config"]["objective"]
    what = _OBJECTIVES.get(objective["name"], f"objective {text(objective['name'])}")
    return f"{what} ({objective['views']} views an instant)"


def _recipe(settings: dict[str, Any]) -> str:
    schedule, share = settings["schedule"], settings["augmentation"]["share"]
    first = f"{schedule['pretrain']} of stage one, then " if schedule["pretrain"] else ""
    views = (
        f"; {share:.0%} of the samples are synthesized views of triangulated poses" if share else ""
    )
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
        "Alternatives; `DIR` is this folder.",
        "",
        "```python",
        "lift = geoself_jax.load_lifter(DIR)  # this package: any batch shape, checked inputs",
        f"{names} = {call}(keypoints_2d, confidence, K)",
        "",
        "program = jax.export.deserialize(bytearray(open(DIR + '/model.stablehlo', 'rb').read()))",
        f"{names} = program.call(keypoints_2d, confidence, K)  # JAX only",
        *(["", *onnx] if ONNX in info["files"] else []),
        "```",
        "",
        *_numpy_only(info),
        f"{SAMPLE} holds inputs and expected outputs.",
    ]


def _numpy_only(info: dict[str, Any]) -> list[str]:
    if info["architecture"].get("backbone", "residual") != "residual":
        return []  # the example knows no other
    return [
        "`examples/run_safetensors.py` in geoself_jax's repository computes the same with NumPy "
        "only."
    ]


def _limits(info: dict[str, Any]) -> list[str]:
    data = info["data"]
    evaluation = info["scores"]["evaluation"] or {}
    depth = evaluation.get("root_error_mm")
    unit = _units(info).bone
    error = f"{unit.text(depth / 1000, 0)} {unit.symbol} on average" if depth else _USUAL_DEPTH
    return [
        "## Limits",
        "",
        *(
            ["* Trained on procedural people: for trying the software, not for measurements."]
            if _is_made_up(info)
            else []
        ),
        f"* Trained on {len(data['subjects'])} people. The error is larger for other body shapes, "
        "motions, viewpoints and detectors, and the output does not show it.",
        f"* Depth is ambiguous in a single view: the error of `root_position` was {error}, "
        "mostly in depth.",
        "* A pose is predicted for any input, even without a visible joint: check `confidence`.",
        "* Joint definitions must match those of the training detector; another one's wrist or "
        "hip differs by some centimetres.",
        f"* One person, {_alone(info)}: no smoothing, no ground contact, no joint limits.",
        "* Not tested for medical, safety or legal decisions about people.",
    ]


def _alone(info: dict[str, Any]) -> str:
    frames = info["architecture"]["frames"]
    if frames == 1:
        return "each frame independently"
    fps = (info["recording"] or {}).get("fps")
    at = f" at the training videos' {fps:g} a second" if fps else ""
    return f"each frame from a window of {frames}{at}"


def _files(info: dict[str, Any], differences_mm: dict[str, float]) -> list[str]:
    rows = []
    for name, facts in info["files"].items():
        difference = differences_mm.get(name)
        shown = "-" if difference is None else f"{difference:.1e} mm"
        rows.append([f"`{name}`", _WHAT[name], f"{facts['bytes'] / 1e6:.3f}", shown])
    return [
        "## Files",
        "",
        *table(["file", "", "MB", "largest difference"], rows, numbers=2),
        "",
        f"`{exported.DESCRIPTION}` describes them and lists their sha256. Differences are "
        "from the run's networks, over batches of 1 and 37 poses with missing joints. Exported by "
        f"{_versions(info['versions']['export'])}.",
    ]


def _licence(info: dict[str, Any]) -> list[str]:
    source = info["data"]["source"]
    terms = (
        f"The terms of the training data ({text(source)}) may apply: many data sets allow "
        "research only. "
    )
    return [
        "## Licence",
        "",
        "Not chosen yet: whoever trained these networks chooses one and states it here before "
        f"sharing them. {'' if _is_made_up(info) else terms}geoself_jax itself is "
        f"Apache-2.0. A {CARD} that was edited is not overwritten.",
    ]


def _is_made_up(info: dict[str, Any]) -> bool:
    return bool(info["data"]["source"].startswith("synthetic:"))
