"""Writes a recording as the second model of a detector sees it, for analysis: it reads the truth.

    python -m benchmarks.redetect --data=../shared/data/cmu_h36m_rig/dev.npz --output=dev_smooth.npz
    geoself evaluate --workdir=RUN --data=dev_smooth.npz

`evaluate` then says what a run trained on one detector is worth with another. The detections are
those of the table `detector` of `benchmarks.ablation`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ablation.damage import damaged
from benchmarks.detector_errors import check
from geoself_jax.core.errors import usage_error
from geoself_jax.data.recording import write
from geoself_jax.data.sources import load, place
from geoself_jax.data.synthetic.smooth_detector import EXCHANGED
from geoself_jax.runtime import cli
from geoself_jax.runtime.outputs import check_outputs


def main(argv: Sequence[str]) -> int:
    """Command line."""
    parser = cli.Parser(
        prog="python -m benchmarks.redetect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--exchanged", type=float, default=EXCHANGED, help="share of bodies (0.03)")
    flags, overrides = cli.parse(parser, argv)
    cli.refuse_overrides(overrides)
    if not 0 <= flags.exchanged <= 1:
        what = f"--exchanged={flags.exchanged:g}"
        raise usage_error(what, "wanted a share in [0, 1]", "e.g. 0.03, or 0 for none")
    check_outputs([("--output", flags.output)], {"--data": [place(flags.data)]})
    recording = load(flags.data, synthetic_frames=8000)
    check(flags.data, recording, "truth")
    write(damaged(recording, ("smooth", flags.exchanged)), flags.output)
    print(f"{flags.output}: {recording.frames} frames detected again")
    return 0


if __name__ == "__main__":
    cli.run(main)
