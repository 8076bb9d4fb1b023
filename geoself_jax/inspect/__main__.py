"""How good the data are: geoself inspect --data=FILE.npz --html=OUT.html"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoself_jax.core.errors import DATA, DONE, usage_error
from geoself_jax.core.float32 import in_float32
from geoself_jax.runtime import cli, phases

if TYPE_CHECKING:
    from geoself_jax.data.recording import Recording

_OF_PEOPLE, _OF_ANIMALS = "cmu_h36m_rig", "animal"
"""What one's own recordings are trained by."""


@in_float32
def main(argv: Sequence[str]) -> int:
    """Parses the command line, looks at the data, prints the report; returns the exit code."""
    parser = cli.Parser(
        prog=cli.program("inspect"),
        description="Looks at a recording before it costs a day: calibration, synchronization, "
        "left and right, units, joint order, repeats, confidences. No ground truth is used.",
        epilog=f"Exit code {DATA} where an error stands, {DONE} otherwise.",
        examples=("--data=lab.npz --html=inspect.html", "--data=lab.npz --against=test.npz"),
    )
    parser.add_argument("--data", required=True, help=".npz file, tfds:..., or synthetic:test")
    parser.add_argument("--against", help="data that should have nothing in common with it")
    parser.add_argument("--html", help="write the report with figures here, one file")
    parser.add_argument("--json", help="write verdicts and figures here")
    parser.add_argument("-v", "--verbose", action="store_true", help="each check, camera and pair")
    parser.add_argument("--frames", type=int, default=2000, help="of synthetic data (2000)")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    if flags.frames < 1:
        raise usage_error(f"--frames={flags.frames}", "wanted at least 1", "raise it")

    phases.begin("inspect", f"inspecting {flags.data}, without ground truth")

    import dataclasses
    from pathlib import Path

    from geoself_jax.data.poses.atomic_write import whole_file
    from geoself_jax.data.sources import load, place
    from geoself_jax.inspect import report
    from geoself_jax.inspect.plain_text import text
    from geoself_jax.runtime import devices, workdir
    from geoself_jax.runtime.outputs import check_outputs

    sources = {"--data": [place(flags.data)]}
    if flags.against:
        sources["--against"] = [place(flags.against)]
    outputs = [("--html", flags.html), ("--json", flags.json)]
    replaced = check_outputs(outputs, sources)
    devices.use_compilation_cache()
    devices.devices()
    with phases.phase(f"reading {flags.data}"):
        recording = load(flags.data, synthetic_frames=flags.frames)
        against = load(flags.against, synthetic_frames=flags.frames) if flags.against else None
    with phases.phase("checking"):
        found = report.inspect(recording, flags.data, against, flags.against or "")
    print(text(found, verbose=flags.verbose))
    if flags.json:
        verdicts = [dataclasses.asdict(verdict) for verdict in found.verdicts]
        workdir.write_json(Path(flags.json), {"verdicts": verdicts} | found.figures)
        if Path(flags.json) in replaced:
            print(f"\nverdicts: replaced {flags.json}")
    if flags.html:
        from geoself_jax.inspect import html_report  # draws, which other reports need not

        with phases.phase("drawing"), whole_file(Path(flags.html)) as stream:
            stream.write(html_report.page(found))
        print(f"\nreport: {'replaced ' * (Path(flags.html) in replaced)}{flags.html}")
    if found.errors:
        return DATA
    if recording.views > 1:
        now = cli.then("train", *_training(flags.data, recording))
        print(f"\ndone: {_against(sum(v.severity == 'warning' for v in found.verdicts))}; {now}")
    return DONE


def _against(warnings: int) -> str:
    """Whether anything speaks against training, where no error does."""
    if not warnings:
        return "nothing is against training"
    if warnings == 1:
        return "1 warning, look at it before you train"
    return f"{warnings} warnings, look at them before you train"


def _training(data: str, recording: "Recording") -> list[str]:
    """Flags that train on these data: of so few cameras, or such joints, that no recipe fits."""
    from geoself_jax.core.augmentation import can_exchange
    from geoself_jax.data.body_size import is_person

    if data.startswith("synthetic:"):
        return ["--config=synthetic", "--workdir=runs/synthetic"]
    name = re.split(r"[/:]", data)[-1].removesuffix(".npz") or "first"
    skeleton = recording.skeleton
    recipe = _OF_PEOPLE if is_person(skeleton.joint_names) else _OF_ANIMALS
    wanted = cli.load_config(recipe, ()).objective.views
    changes = [f"--config.objective.views={recording.views}"] * (recording.views < wanted)
    changes += ["--config.augmentation.exchange=0"] * (not can_exchange(skeleton))
    paired = skeleton.mirror[skeleton.root] != skeleton.root
    changes += ["--config.model.symmetric=false"] * (paired or not skeleton.left_right)
    changes += ["--config.augmentation.mirror=false"] * (not skeleton.left_right)
    return [
        f"--config={recipe}",
        f"--config.data.train={data}",
        *changes,
        f"--workdir=runs/{name}",
    ]


if __name__ == "__main__":
    cli.run(main)
