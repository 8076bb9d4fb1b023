"""Scores a run: python -m geoself_jax.evaluate --workdir=RUN --data=FILE.npz --json=OUT.json"""

from collections.abc import Sequence

from geoself_jax import commands
from geoself_jax.errors import usage_error

_CHECKPOINT = "the last (default), or the best by the label-free score on held-out people"


def main(argv: Sequence[str]) -> int:
    """Parses the command line, evaluates, prints the table; returns the exit code."""
    parser = commands.Parser(
        prog="python -m geoself_jax.evaluate",
        description="Scores a run's lifting network, one view at a time: MPJPE, P-MPJPE and more "
        "per action where the data have ground truth, and scores that need no 3D label.",
    )
    parser.add_argument("--workdir", required=True, help="folder of the run")
    parser.add_argument("--data", required=True, help=".npz file, synthetic:test or tfds:NAME")
    parser.add_argument("--json", help="write the scores here (default RUN/evaluation.json)")
    parser.add_argument("--checkpoint", choices=("last", "best"), default="last", help=_CHECKPOINT)
    parser.add_argument("--frames", type=int, default=8000, help="of synthetic data (8000)")
    parser.add_argument("--flip", action="store_true", help="test-time flip: mean with the mirror")
    flags, overrides = commands.parse(parser, argv)
    commands.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "wanted at least 1", "raise it")

    from pathlib import Path

    from geoself_jax import devices, evaluation, workdir
    from geoself_jax.data.sources import load
    from geoself_jax.trained import load_trained

    devices.use_compilation_cache()
    devices.devices()
    folder = Path(flags.workdir)
    trained = load_trained(folder, flags.checkpoint)
    recording = load(flags.data, synthetic_frames=flags.frames)
    scores, prediction, triangulated = evaluation.evaluate(
        trained, recording, flags.data, flip=flags.flip
    )
    print(f"{flags.workdir}, {flags.checkpoint} checkpoint, step {scores['checkpoint_step']}")
    print(evaluation.table(scores))
    out = Path(flags.json) if flags.json else folder / "evaluation.json"
    workdir.write_json(out, scores)
    if out != folder / "evaluation.json":
        workdir.write_json(folder / "evaluation.json", scores)
    drawn = evaluation.in_joints_of(trained.model.skeleton, recording, flags.data)
    picture = evaluation.draw_examples(folder, drawn, prediction, triangulated)
    print(f"scores: {out}\npicture: {picture or 'none, nothing to compare with'}")
    return 0


if __name__ == "__main__":
    commands.run(main)
