"""Row 27: an accelerator that is not there, of which JAX has no package, or that is in use."""

from benchmarks.reliability.lab import Lab
from benchmarks.reliability.life import run_fresh
from benchmarks.reliability.tally import Tally
from geoself_jax.core.errors import DONE, UNAVAILABLE, USAGE

_BUSY = """
import jax
from jax._src import xla_bridge
def busy(*_, **__):
    raise RuntimeError("Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by "
                       "process with pid 4242. Not attempting to load libtpu.so in this process.")
xla_bridge.backends = busy
xla_bridge._backends = {}
"""


def ask(lab: Lab, count: int, tally: Tally) -> None:
    """A device asked for by a key, and by JAX's own variable, in new processes.

    `export` needs none: it computes on the CPU, whatever is asked for.
    """
    folder = lab.new("devices")
    config = lab.config("devices", length=2)
    (folder / "busy.py").write_text(_BUSY + config.read_text())
    train = ("train", f"--config={config}", f"--workdir={folder / 'run'}")
    busy = ("train", f"--config={folder / 'busy.py'}", f"--workdir={folder / 'run'}")
    cases = {
        "--config.device=tpu": ((*train, "--config.device=tpu"), {}, UNAVAILABLE),
        "--config.device=gpu": ((*train, "--config.device=gpu"), {}, UNAVAILABLE),
        "JAX_PLATFORMS=tpu": (train, {"JAX_PLATFORMS": "tpu"}, UNAVAILABLE),
        "JAX_PLATFORMS=cuda": (train, {"JAX_PLATFORMS": "cuda"}, UNAVAILABLE),
        "JAX_PLATFORMS=nonsense": (train, {"JAX_PLATFORMS": "nonsense"}, UNAVAILABLE),
        "--config.device=npu": ((*train, "--config.device=npu"), {}, USAGE),
        "a busy TPU": (busy, {}, UNAVAILABLE),
    }
    for verb in ("evaluate", "export", "lift"):
        words = {
            "evaluate": (f"--workdir={folder / 'run'}", f"--data={lab.data}"),
            "export": (f"--workdir={folder / 'run'}", f"--out={folder / 'export'}"),
            "lift": ("--model=general-h36m17", f"--keypoints={lab.data}", "--camera=cam0",
                     "--clip=clip0", f"--out={folder / 'poses.csv'}"),
        }[verb]  # fmt: skip
        code = DONE if verb == "export" else UNAVAILABLE  # it computes on the CPU, always
        cases[f"{verb}, JAX_PLATFORMS=cuda"] = ((verb, *words), {"JAX_PLATFORMS": "cuda"}, code)
    run_fresh(*train, cwd=folder)
    for name, (words, variables, code) in cases.items():
        ended = run_fresh(*words, cwd=folder, variables=variables)
        good = ended.code == code and not ended.has_traceback
        tally.check(good, f"{name}: {ended.code}: {ended.line}")
    tally.note(
        "no TPU was there: that one is in use is JAX's own message, raised where it would be"
    )
