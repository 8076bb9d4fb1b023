"""Compares a training step with the same step in PyTorch, and with the machine's peak rate.

    pip install -e ".[bench]"
    python -m benchmarks.train_step --batch=256,1024 --out=runs/train_step.json
    python -m benchmarks.train_step --batch=64,256,1024 --width=256,512,1024 --figure=speed.png
    python -m benchmarks.train_step --check
    python -m benchmarks.train_step --instants=390000 --batch=4096  # Human3.6M's size, for a GPU

The paper's networks (width 1024, 4 blocks, both branches), dropout on, eq. (7) over pairs of views
drawn from data on the device (random numbers), gradient clipped, Adam. Variants take turns within
each repetition, so that other work on the machine hits all alike; compare the ratios, not two runs.
`--check` takes one step in both from the same weights, dropout off, and compares loss and
gradients.
"""

import argparse
import functools
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import measure
from geoself_jax.core import step
from geoself_jax.core.batch import TrainingViews
from geoself_jax.core.config import AugmentationConfig, Config, ModelConfig, ObjectiveConfig
from geoself_jax.core.model import Networks
from geoself_jax.core.optimizer import make_optimizer
from geoself_jax.core.sampling import make_batch
from geoself_jax.core.skeleton import H36M_17
from geoself_jax.geometry.camera import Camera
from geoself_jax.runtime import devices
from geoself_jax.runtime.workdir import write_json
from geoself_jax.train import parallel

OBJECTIVE = ObjectiveConfig(name="transform", norm="plain", views=2)
RATE = 1e-3
EPOCHS = 320
"""Of the paper's whole schedule: 20 of stage one, 300 of stage two."""


def random_views(frames: int) -> TrainingViews:
    """Arrays of the right shapes and sizes: bodies of noise in a ring of four cameras."""
    rng = np.random.default_rng(0)
    angle = np.arange(4) * np.pi / 2
    center = np.stack([4 * np.cos(angle), 4 * np.sin(angle), np.full(4, 1.5)], -1)
    forward = -center * (1, 1, 0) / 4
    right = np.cross(forward, [0, 0, 1])
    R = np.stack([right, np.broadcast_to([0, 0, -1], (4, 3)), forward], axis=1)
    K = np.broadcast_to([[1145.0, 0, 500], [0, 1145, 500], [0, 0, 1]], (4, 3, 3))
    camera = Camera(*(jnp.asarray(x[None], jnp.float32) for x in (K, R, center)))
    keypoints_2d = rng.normal(500, 80, (frames, 4, 17, 2)).astype(np.float32)
    return TrainingViews(
        keypoints_2d=keypoints_2d,
        confidence=rng.uniform(0.2, 1, (frames, 4, 17)).astype(np.float32),
        rig_id=np.zeros(frames, np.int32),
        camera=camera,
        label_world=rng.normal(0, 0.4, (frames, 17, 3)).astype(np.float32),
        rig_middle=np.zeros((1, 3), np.float32),
        world_up=np.array([0, 0, 1], np.float32),
        run=np.stack([np.arange(frames)] * 2, axis=1).astype(np.int32),
    )


def layer_sizes(model: ModelConfig) -> list[tuple[int, int]]:
    """(in, out) of every matrix product of both branches, the first layers marked by order."""
    sizes = []
    for width, blocks, out in (
        (model.width, model.blocks, 51),
        (model.root_width, model.root_blocks, 3),
    ):
        hidden = [(width, width)] * (blocks * model.layers)
        sizes += [(36, width), *hidden, (width, out)]
    return sizes


def counted(model: ModelConfig, batch: int) -> dict[str, float]:
    """FLOPs of a step's matrix products, and bytes that no step can do without.

    Products: 2 rows in out, forward, for the weights' gradient and for the input's, the last not
    for the first layers. Bytes: Adam reads weights, gradient and both moments and writes three of
    them; the gradient is written once and read once more for its norm; each hidden layer writes
    and reads a few arrays of rows x width (product, output; back: both again, and a gradient).
    """
    rows = 2 * batch
    flops = 0.0
    for inputs, outputs in layer_sizes(model):
        flops += (2 if inputs == 36 else 3) * 2 * rows * inputs * outputs
    weights = sum(a * b for a, b in layer_sizes(model))
    hidden = rows * (
        model.width * (1 + model.blocks * model.layers)
        + model.root_width * (1 + model.root_blocks * model.layers)
    )
    return {
        "flops": flops,
        "weights": weights,
        "bytes_weights": 4.0 * weights * (7 + 2),
        "bytes_activations": 4.0 * hidden * 10,
    }


def our_call(
    model: Networks, views: TrainingViews, batch: int, steps: int, config: Config
) -> Callable[[], Any]:
    """`steps` steps of ours in one call."""
    optimizer = make_optimizer(config.optimizer, 0, 10**6)
    axis = parallel.AXIS if config.parallel == "pmap" else None
    one = functools.partial(
        step.train_step,
        model=model.clone(compute=devices.compute_type(config), axis_name=axis),
        optimizer=optimizer,
        objective=OBJECTIVE,
        axis_name=axis,
    )
    draw = parallel.Draw(
        batch=batch,
        views=2,
        frames=len(views.rig_id),
        rig_views=4,
        joints=17,
        make_batch=functools.partial(
            make_batch, augmentation=AugmentationConfig(share=0.0), skeleton=H36M_17
        ),
    )
    mesh = parallel.data_mesh(1)
    advance = parallel.make_advance(one, draw, mesh, seed=0, steps=steps, parallel=config.parallel)
    held = {"state": step.initial_state(model, optimizer, 0)}
    data = jax.device_put(views)

    def call() -> None:
        held["state"], metrics = advance(held["state"], data)
        np.asarray(metrics["loss"])

    return call


def torch_calls(
    model: ModelConfig, views: TrainingViews, batch: int, steps: int, compute: str
) -> dict[str, Callable[[], Any]]:
    """The same by torch, eager and with the loss compiled (with graphs on a GPU).

    Drawing, clipping and the fused Adam are torch's own calls in both.
    """
    import torch

    from benchmarks import torch_twin as peer

    on = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    arrays = (views.keypoints_2d, views.confidence, *views.camera)
    data = peer.Views(*(torch.from_numpy(np.array(x)).to(on) for x in arrays))
    rig = torch.from_numpy(np.array(views.rig_id)).long().to(on)
    calls: dict[str, Callable[[], Any]] = {}
    for name in ("torch eager", "torch compiled"):
        twin = peer.Twin(model, 17, 0, bfloat16=compute == "bfloat16").to(on)
        adam = torch.optim.Adam(twin.parameters(), lr=RATE, fused=True)
        loss_of: Any = peer.loss_of
        if name == "torch compiled":
            mode = "reduce-overhead" if on == "cuda" else "default"
            loss_of = torch.compile(peer.loss_of, mode=mode)

        def call(twin: Any = twin, adam: Any = adam, loss_of: Any = loss_of) -> None:
            for _ in range(steps):
                loss = loss_of(twin, peer.draw(data, rig, batch), 1.0)
                adam.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0, foreach=True)
                adam.step()
            loss.item()

        calls[name] = call
    return calls


def check() -> float:
    """How far one step's loss and gradients are apart: the worst array's, relative to its norm."""
    import torch

    from benchmarks import torch_twin as peer

    config = ModelConfig(width=256, blocks=2, dropout=0.0, root_width=256, root_blocks=2)
    model, views = Networks(config, H36M_17), random_views(64)
    state = step.initial_state(model, optax.sgd(1.0), 0)
    root = state.params["root"]["output"]
    noise = np.random.default_rng(1).normal(0, 0.05, root["kernel"].shape)
    root["kernel"] = jnp.asarray(noise, jnp.float32)
    camera = Camera(*(jnp.broadcast_to(x, (64, *x.shape[1:]))[:, :2] for x in views.camera))
    pair = (views.keypoints_2d[:, :2], views.confidence[:, :2])

    def loss_of(params: Any) -> jax.Array:
        (pose_3d, place, *_), _ = model.apply(
            {"params": params, "batch_stats": state.batch_stats},
            *pair,
            camera.K,
            train=True,
            mutable=["batch_stats"],
        )
        label = jnp.zeros((*pair[1].shape, 3))
        batch = step.Batch(jnp.asarray(pair[0]), jnp.asarray(pair[1]), camera, label)
        return step.objective_loss(pose_3d, place, batch, OBJECTIVE, skeleton=H36M_17)

    with jax.default_matmul_precision("highest"):
        loss, gradient = jax.jit(jax.value_and_grad(loss_of))(state.params)
    twin = peer.Twin(config, 17, 0)
    peer.copy_weights(twin, {"params": state.params})
    tensors = [torch.from_numpy(np.array(x)) for x in (*pair, *camera)]
    theirs = peer.loss_of(twin, peer.Views(*tensors), OBJECTIVE.transform_weight)
    theirs.backward()
    ours = peer.Twin(config, 17, 0)
    peer.copy_weights(ours, {"params": gradient})
    pairs = list(zip(ours.parameters(), twin.parameters(), strict=True))
    differences = [(a.detach() - b.grad, b.grad) for a, b in pairs if b.grad is not None]
    assert len(differences) == len(pairs)
    worst = max(float(d.norm() / b.norm()) for d, b in differences)
    off = abs(float(loss) / theirs.item() - 1)
    print(f"loss off by {off:.1e}; the worst array's gradient by {worst:.1e} of its norm")
    return max(worst, off)


def run(
    batch: int, model: ModelConfig, steps: int, repeats: int, config: Config, instants: int
) -> dict[str, Any]:
    """One batch size: all variants, alternating."""
    views = random_views(instants)
    jobs = {"ours": our_call(Networks(model, H36M_17), views, batch, steps, config)}
    try:
        jobs |= torch_calls(model, views, batch, steps, devices.compute_type(config))
    except ModuleNotFoundError:
        print('torch is not installed (pip install -e ".[bench]"): ours alone')
    gemms, gemm_flops = measure.gemm_jobs(devices.compute_type(config))
    seconds = measure.alternate(jobs | gemms, repeats)
    facts = counted(model, batch)
    rows = {}
    for name in jobs:
        rate = measure.summary(seconds[name], batch * steps)
        gflops = measure.summary(seconds[name], facts["flops"] * steps / 1e9)
        rows[name] = {"pairs_per_second": rate, "gflops": gflops}
    gemm = {name: measure.summary(seconds[name], gemm_flops / 1e9) for name in gemms}
    peers = [name for name in jobs if name != "ours"]
    middle = {name: row["pairs_per_second"]["median"] for name, row in rows.items()}
    ratios = {name: middle["ours"] / middle[name] for name in peers}
    share = {name: rows["ours"]["gflops"]["median"] / gemm[name]["median"] for name in gemms}
    memory = jax.local_devices()[0].memory_stats() or {}
    return {
        "batch": batch,
        "width": model.width,
        "steps_a_call": steps,
        "instants": instants,
        "schedule_minutes": EPOCHS * instants / rows["ours"]["pairs_per_second"]["median"] / 60,
        "peak_device_mb": memory.get("peak_bytes_in_use", 0) / 1e6 or None,
        "counted": facts,
        "rows": rows,
        "sgemm_gflops": gemm,
        "speed_over": ratios,
        "share_of_sgemm": share,
    }


def show(result: dict[str, Any]) -> None:
    """One batch size as a table."""
    facts = result["counted"]
    print(
        f"\n{result['batch']} pairs a step, width {result['width']}: {facts['flops'] / 1e9:.1f} "
        f"GFLOP; traffic of weights {facts['bytes_weights'] / 1e6:.0f} MB, of activations "
        f"{facts['bytes_activations'] / 1e6:.0f} MB"
    )
    print(f"{'':16}{'pairs/s':>9}{'(quartiles)':>16}{'GFLOP/s':>9}{'ours is':>9}")
    for name, row in result["rows"].items():
        rate = row["pairs_per_second"]
        spread = f"{rate['quartile_1']:.0f}-{rate['quartile_3']:.0f}"
        ratio = result["speed_over"].get(name)
        shown = f"{ratio:.2f} x" if ratio else ""
        print(f"{name:16}{rate['median']:9.0f}{spread:>16}{row['gflops']['median']:9.1f}{shown:>9}")
    for name, row in result["sgemm_gflops"].items():
        share = result["share_of_sgemm"][name]
        print(f"{name:16}{'':25}{row['median']:9.1f}   ours is {share:.2f} of it")
    memory = result["peak_device_mb"]
    print(
        f"{EPOCHS} epochs of {result['instants']} instants: {result['schedule_minutes']:.1f} min "
        "at ours' rate" + (f"; peak device memory {memory:.0f} MB" if memory else "")
    )


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Throughput against batch size and against width, with the floor that sgemm sets."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    columns = figure.subplots(1, 2)
    widest = max(r["width"] for r in results)
    largest = max(r["batch"] for r in results)
    for axes, key, chosen, fixed in (
        (columns[0], "batch", [r for r in results if r["width"] == widest], f"width {widest}"),
        (columns[1], "width", [r for r in results if r["batch"] == largest], f"{largest} pairs"),
    ):
        chosen = sorted(chosen, key=lambda r: r[key])
        x = [r[key] for r in chosen]
        for name in chosen[0]["rows"]:
            rates = [r["rows"][name]["pairs_per_second"]["median"] for r in chosen]
            axes.plot(x, rates, marker="o", label=name)
        for name in chosen[0]["sgemm_gflops"]:
            bound = [
                r["batch"] * 1e9 * r["sgemm_gflops"][name]["median"] / r["counted"]["flops"]
                for r in chosen
            ]
            axes.plot(x, bound, linestyle=":", label=f"{name} alone")
        axes.set(xscale="log", ylabel="pairs/s", title=fixed)
        if key == "width":
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        axes.set_xlabel("pairs a step" if key == "batch" else "width")
        axes.set_xticks(x, [str(v) for v in x])
        axes.minorticks_off()
    columns[0].legend(fontsize=7)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--batch", default="256,1024", help="pairs a step, one or more")
    parser.add_argument("--width", default="1024", help="of both networks, one or more")
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--dropout", type=float, default=0.25)
    parser.add_argument("--instants", type=int, default=10_000, help="of the data, four views each")
    parser.add_argument("--steps", type=int, default=4, help="steps a call")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--parallel", choices=("jit", "pmap"), default="jit")
    parser.add_argument("--compute", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--check", action="store_true", help="compare one step's gradients")
    parser.add_argument("--out", type=Path, help="JSON to write")
    parser.add_argument("--figure", type=Path, help="figure to draw")
    flags = parser.parse_args()
    warnings.filterwarnings("ignore", module="torch")
    if flags.check:
        raise SystemExit(0 if check() < 1e-4 else 1)
    config = Config(parallel=flags.parallel, compute=flags.compute)
    results = []
    widths, batches = ([int(x) for x in text.split(",")] for text in (flags.width, flags.batch))
    for width, batch in itertools.product(widths, batches):
        if width < max(widths) and batch < max(batches):
            continue  # batch sizes are compared at the largest width, widths at the largest batch
        size = {"width": width, "blocks": flags.blocks}
        size |= {"root_width": width, "root_blocks": flags.blocks}
        model = ModelConfig(dropout=flags.dropout, **size)
        results.append(run(batch, model, flags.steps, flags.repeats, config, flags.instants))
        show(results[-1])
    if flags.out:
        options = {k: v for k, v in vars(flags).items() if k not in ("out", "figure")}
        write_json(flags.out, {"machine": measure.machine(), "options": options, "runs": results})
    if flags.figure:
        draw(results, flags.figure)


if __name__ == "__main__":
    main()
