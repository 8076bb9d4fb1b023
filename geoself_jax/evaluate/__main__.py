"""Scores a run or an export: geoself evaluate --workdir=RUN --data=FILE.npz"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from geoself_jax.runtime.restore import Trained

_DESCRIPTION = """Scores a lifting network, one view at a time: MPJPE, P-MPJPE and more per action
where the data have ground truth, and scores that need no 3D label. Into a run's folder it writes
evaluation.json (which exports report), examples.png (the best, the median and the worst view),
joint_errors.png (a box for each joint) and report.html (poses to turn and play, 5 MB or so), each
of the data evaluated on last. Nothing is
written into an export."""
_EXAMPLES = (
    "--workdir=runs/first --data=synthetic:test",
    "--model=export --data=test.npz --report=report.html",
)
_CHECKPOINT = "the last (default), or the best by the label-free score on held-out subjects"
_REPORT = "write the page here (default RUN/report.html; of an export, only if asked for)"
_JSON = "write the scores here (default RUN/evaluation.json; of an export, only if asked for)"


def make_parser() -> cli.Parser:
    """The flags."""
    parser = cli.Parser(prog=cli.program("evaluate"), description=_DESCRIPTION, examples=_EXAMPLES)
    add = parser.add_argument
    networks = parser.add_mutually_exclusive_group(required=True)
    networks.add_argument("--workdir", metavar="RUN", help="folder of the run")
    networks.add_argument("--model", metavar="EXPORT", help="folder that export wrote, or NAME")
    add("--data", required=True, help=".npz file, synthetic:test or tfds:NAME")
    add("--json", metavar="FILE", help=_JSON)
    page = parser.add_mutually_exclusive_group()
    page.add_argument("--report", metavar="FILE", help=_REPORT)
    page.add_argument("--no-report", action="store_true", help="write no page")
    add("--checkpoint", choices=("last", "best"), help=f"of a run: {_CHECKPOINT}")
    add("--frames", type=int, default=8000, help="of synthetic data (8000)")
    add("--flip", action="store_true", help="test-time flip: mean with the mirror")
    add("--refine", action="store_true", help="refine each view over time, as lift --refine does")
    return parser


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, evaluates, prints the table; returns the exit code."""
    flags, overrides = cli.parse(make_parser(), argv)
    cli.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "wanted at least 1", "raise it")
    if flags.model and flags.checkpoint:
        why = "an export holds one checkpoint"
        raise usage_error(f"--checkpoint={flags.checkpoint}", why, "leave it out")
    phases.begin("evaluate", f"evaluating {flags.workdir or flags.model} on {flags.data}")

    from pathlib import Path

    from geoself_jax.data.sources import load
    from geoself_jax.data.training_sample import read_sample
    from geoself_jax.evaluate import report
    from geoself_jax.evaluate.joint_chart import draw_joint_errors
    from geoself_jax.evaluate.warnings import warnings_of
    from geoself_jax.runtime import devices, workdir
    from geoself_jax.runtime.json_files import signed

    devices.use_compilation_cache()
    devices.devices()
    with phases.phase("reading the networks"):
        trained = _networks(flags)
        sample = read_sample(_folder(flags), trained.model.skeleton)
    replaced = _check_outputs(flags)
    with phases.phase(f"reading {flags.data}"):
        recording = load(flags.data, synthetic_frames=flags.frames)
    scores, prediction, triangulated = report.evaluate(
        trained, recording, flags.data, flip=flags.flip, refine=flags.refine, sample=sample
    )
    which = f"{flags.checkpoint or 'last'} checkpoint, " if flags.workdir else ""
    how = ", refined over time" if flags.refine else ""
    print(f"{flags.workdir or flags.model}, {which}step {scores['checkpoint_step']}{how}")
    print(report.table(scores))
    lifted = report.in_joints_of(trained.model.skeleton, recording, flags.data)
    with phases.phase("checking the recording"):
        warnings = warnings_of(trained, lifted, flags.data, triangulated, sample)
    for line in warnings:
        print(f"warning: {line}", file=sys.stderr)
    run = Path(flags.workdir) if flags.workdir else None
    for out in _json_files(flags, run):
        workdir.write_json(out, signed(scores))
        print(f"scores: {_replaced(out, replaced)}")
    if run:
        with phases.phase("drawing"):
            image = report.draw_examples(run, lifted, prediction, triangulated)
            boxes = run / "joint_errors.png"
            is_drawn = draw_joint_errors(boxes, scores)
        shown_image = _replaced(image, replaced) if image else "none, nothing to compare with"
        print(f"image: {shown_image}")
        if is_drawn:
            print(f"joints: {_replaced(boxes, replaced)}")
    page = _page(flags, run)
    if page:
        from geoself_jax.evaluate.page.write_page import write_report

        with phases.phase("writing the page"):
            shown, videos = write_report(page, lifted, prediction, triangulated, scores)
        scenes = f"{shown} scene{'s' * (shown != 1)} of {videos} videos"
        print(f"page: {_replaced(page, replaced)}, {scenes}")
    print(f"done: {recording.frames} frames scored; {_then(flags, recording.camera_names[0])}")
    return 0


def _then(flags: "argparse.Namespace", camera: str) -> str:
    """The command to go on with: a run is exported, an export lifts."""
    if flags.workdir:
        out = os.path.join(flags.workdir, "export")
        which = [f"--checkpoint={flags.checkpoint}"] if flags.checkpoint else []
        return cli.then("export", f"--workdir={flags.workdir}", *which, f"--out={out}")
    use = (f"--model={flags.model}", f"--keypoints={flags.data}", f"--camera={camera}")
    out = os.path.join(os.path.dirname(flags.model.rstrip("/")), "poses_{clip}.npz")
    return cli.then("lift", *use, f"--out={out}")


def _check_outputs(flags: "argparse.Namespace") -> "frozenset[Path]":
    """Those of the outputs that are there; refused where one would destroy an input."""
    from pathlib import Path

    from geoself_jax.data.sources import place
    from geoself_jax.runtime.outputs import check_outputs

    run = Path(flags.workdir) if flags.workdir else None
    outputs = [("--json", out) for out in _json_files(flags, run)]
    outputs += [("--report", page)] if (page := _page(flags, run)) else []
    images = ("examples.png", "joint_errors.png")
    outputs += [("--workdir", run / name) for name in images] if run else []
    return check_outputs(outputs, {"--data": [place(flags.data)]}, run=run)


def _replaced(path: "Path", there: "frozenset[Path]") -> str:
    return f"replaced {path}" if path in there else str(path)


def _networks(flags: "argparse.Namespace") -> "Trained":
    from pathlib import Path

    if flags.workdir:
        from geoself_jax.runtime.restore import load_trained

        return load_trained(Path(flags.workdir), flags.checkpoint or "last")
    import jax

    from geoself_jax.lift.exported import check_files, load_exported
    from geoself_jax.lift.general_models import model_folder

    folder = model_folder(flags.model)
    exported = load_exported(folder)
    check_files(folder, exported.record)
    return exported._replace(variables=jax.device_put(exported.variables))


def _folder(flags: "argparse.Namespace") -> "Path":
    """The folder of the networks; a general model's name is never a folder of that name."""
    from pathlib import Path

    from geoself_jax.lift.general_models import model_folder

    return Path(flags.workdir) if flags.workdir else model_folder(flags.model)


def _json_files(flags: "argparse.Namespace", run: "Path | None") -> "list[Path]":
    """A run keeps its last scores, wherever else they are wanted: its exports tell them."""
    from pathlib import Path

    wanted = [Path(flags.json)] if flags.json else []
    kept = [run / "evaluation.json"] if run else []
    return list(dict.fromkeys([*wanted, *kept]))


def _page(flags: "argparse.Namespace", run: "Path | None") -> "Path | None":
    from pathlib import Path

    if flags.report:
        return Path(flags.report)
    return run / "report.html" if run and not flags.no_report else None


if __name__ == "__main__":
    cli.run(main)
