"""What an experiment can set, as frozen dataclasses: typed, checked, quick to import."""

import math
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from geoself_jax.core.errors import nearest_name, usage_error

SHORTEST_PATH = 1.5
"""Frames: the narrowest Gaussian under which `ModelConfig.temporal` fits paths."""

USUAL_DEPTH = 5.0
"""Where the `ray` root starts for networks that are built without data, in `length_unit`."""


def _number(default: float, least: float, most: float) -> Any:
    """Returns a field with limits, both allowed; `from_dict` and `replace_at` check them.

    The upper ones are far beyond use: they catch a slip, and a file that would take all memory.
    """
    return field(default=default, metadata={"limits": (least, most)})


@dataclass(frozen=True)
class DataConfig:
    """Where the recordings come from.

    Attributes:
        train: An .npz file of format geoself-multiview/1, `synthetic:train`, or a data set that
            `geoself_jax.tfds_build` built, `tfds:NAME[/CONFIG][:VERSION][#SPLIT][@DATA_DIR]`.
        synthetic_frames: Frames to generate where `train` is synthetic.
        validation_share: Share of the frames held out from training, whole subjects where there are
            several, to choose the best checkpoint by a label-free score.
        validation_subjects: Names of the subjects to hold out in place of that share, commas
            between them.
        force: Train even where inspect finds an error; the run's record says so.
        device_bytes: The instants lie in each device's memory if they need no more than this; else
            the host feeds each call's batches, the same bit for bit.
    """

    train: str = "synthetic:train"
    synthetic_frames: int = _number(40_000, least=1, most=2 * 10**6)
    validation_share: float = _number(0.05, least=0, most=0.9)
    validation_subjects: str = ""
    force: bool = False
    device_bytes: int = _number(8 * 2**30, least=0, most=2**60)


@dataclass(frozen=True)
class ModelConfig:
    """The two networks and how their inputs and outputs are parameterized.

    Attributes:
        backbone: Of both networks, a name in `core.model.BACKBONES`.
        width, blocks, layers, dropout: Of the lifting network: units a layer, residual blocks,
            layers a block (Paper silent: "several"; 2 as Martinez et al.), dropout rate.
        root_width, root_blocks: Of the root position network; `layers` and `dropout` are shared.
        input: `pixel`: (pixel - pixel_center) / pixel_scale; `ray`: (x/z, y/z) in the camera;
            `centered_ray`: rays of a camera turned to look at the root, and the root's own ray; the
            pose is turned back.
        root: `ray`: root on the ray of its 2D joint, z = root_depth exp(out); `plain`: raw output.
        root_depth: Where the `ray` root starts, in `length_unit`; 0: at the training data's median
            depth (`USUAL_DEPTH` where networks are built without data).
        frames: Consecutive frames of one view that the networks see, to lift the middle one; three
            frames become one in the first layer and in one block more for each power of 3, ahead of
            `blocks`.
        temporal: How they see a window: by `convolutions`, as above; or its middle frame and the
            `paths` of its joints: robust parabolas of time through each one's rays, under Gaussians
            from `SHORTEST_PATH` to a sixth of the window (`geometry.trajectories.fit_paths`). The
            input must be `centered_ray`; there are no blocks more.
        confidence: Whether they see the detector's confidences too.
        symmetric: Whether a mirrored view gives the mirrored pose, exactly: half of the units are
            mirror images of the others (`core.mirroring`), for half the products and weights. For
            rays of single frames, or `paths`.
        uncertainty: Whether they also say how far off each joint of a pose may be. The poses are
            trained exactly as without it.
        uncertainty_axes: Whether they say so also across the camera's ray to the joint and along
            it, apart; needs `uncertainty`, which with it is trained exactly as without.
        pixel_center, pixel_scale: Pixels. Replaced by the training images' centre and half size
            when a run starts.
        length_unit: Metres that are 1 in the networks; 0: `data.length_unit` of the training data,
            about 1 for people, so that lengths of the configuration hold for a body of any size.
    """

    backbone: str = "residual"
    width: int = _number(1024, least=1, most=2**15)
    blocks: int = _number(4, least=0, most=64)
    layers: int = _number(2, least=1, most=8)
    dropout: float = _number(0.25, least=0, most=0.9)
    root_width: int = _number(1024, least=1, most=2**15)
    root_blocks: int = _number(4, least=0, most=64)
    input: Literal["pixel", "ray", "centered_ray"] = "centered_ray"
    root: Literal["ray", "plain"] = "ray"
    root_depth: float = _number(0.0, least=0, most=10**6)
    frames: Literal[1, 3, 9, 27, 81, 243] = 1
    temporal: Literal["convolutions", "paths"] = "convolutions"
    confidence: bool = False
    symmetric: bool = False
    uncertainty: bool = False
    uncertainty_axes: bool = False
    pixel_center: tuple[float, float] = (500.0, 500.0)
    pixel_scale: float = _number(500.0, least=1e-3, most=10**6)
    length_unit: float = _number(0.0, least=0, most=10**12)

    @property
    def metres(self) -> float:
        """Metres that are 1 in the networks: 1 in runs of before there was a unit."""
        return self.length_unit or 1.0

    @property
    def spreads(self) -> int:
        """Uncertainties of each joint: its distance, then across the ray and along it."""
        return self.uncertainty * (3 if self.uncertainty_axes else 1)

    @property
    def start_depth(self) -> float:
        """Where the `ray` root starts, in `length_unit`."""
        return self.root_depth or USUAL_DEPTH

    @property
    def narrowing(self) -> int:
        """Blocks that make one frame of three, ahead of `blocks`; the first layer does so too."""
        if self.frames == 1 or self.temporal == "paths":
            return 0
        return round(math.log(self.frames, 3)) - 1

    @property
    def path_spreads(self) -> list[float]:
        """Of the paths, standard deviations in time: frames, each three times the one before."""
        spreads = [SHORTEST_PATH]
        while 3 * spreads[-1] <= self.frames / 6:
            spreads.append(3 * spreads[-1])
        return spreads


@dataclass(frozen=True)
class ObjectiveConfig:
    """What the networks are trained to do.

    Attributes:
        name: In `core.losses.OBJECTIVES`. `transform`: eq. (7); `reprojection`: eq. (2) alone;
            `pseudo_label`: triangulated; `both`: eq. (7) and the labels' loss times `label_weight`.
        norm: `squared` (as printed), `plain` or `robust`.
        transform_weight: lambda of eq. (7).
        weight_from: Whose confidence weighs eq. (5): `source` (as printed), `target`, `product`.
        root_from: Where eq. (7) puts a pose that it judges: at the `network`'s root, as printed, or
            where the `views`' rays want it (`triangulate_root`), so that the pose does not learn to
            make up for the root's error; the root network then learns with the pose held.
        label_weight: Pixels that 1 `length_unit` from the label counts as much as, `both` only.
        stage_one: What `schedule.pretrain` trains: `consistency`, eq. (6), or with `labels`.
        views: Views drawn for each instant; 2 is the paper's random pair.
        labels: How labels are triangulated: `dlt` (confidence-weighted), `robust`, or `refined`,
            the latter made smooth in time, each bone of one length (`data/label_refinement.py`).
    """

    name: str = "transform"
    norm: Literal["squared", "plain", "robust"] = "plain"
    transform_weight: float = _number(1.0, least=0, most=1e6)
    weight_from: Literal["source", "target", "product"] = "source"
    root_from: Literal["network", "views"] = "network"
    label_weight: float = _number(230.0, least=0, most=1e6)
    stage_one: Literal["consistency", "labels"] = "consistency"
    views: int = _number(2, least=1, most=1000)
    labels: Literal["refined", "robust", "dlt"] = "robust"


@dataclass(frozen=True)
class AugmentationConfig:
    """New views of triangulated bodies: what is drawn uniformly for each augmented sample.

    Attributes:
        share: Share of the samples that are augmented; 0 turns it off.
        mirror: Exchange left and right in half of them.
        scale: Body size times 1 +- this.
        turn: Turn about gravity by any angle.
        shift: To each side, in `ModelConfig.length_unit`: metres for people.
        limbs: Each limb's length times 1 +- this, both sides alike.
        bend: Radians: each limb turned by up to this about each axis, with all that hangs from it.
        tilt: Radians: the body tilted by up to this about any horizontal axis.
        tumble: Share of them that are tilted by up to `tumble_to` in place of `tilt`: people who
            lie, climb or turn over, of whom recordings have few. Half of these get their lowest
            joint to where it was, as on the floor; the others keep their root, as in the air.
        tumble_to: Radians: pi for any angle.
        exchange: Share of them that get the upper body of another instant, turned to these hips.
        noise: The residual noise re-applied to synthesized views, times this. More
            than 1 as far as labels have absorbed them (benchmarks/refinement.py).
    """

    share: float = _number(0.0, least=0, most=1)
    mirror: bool = True
    scale: float = _number(0.1, least=0, most=0.9)
    turn: bool = True
    shift: float = _number(0.25, least=0, most=1000)
    limbs: float = _number(0.0, least=0, most=0.9)
    bend: float = _number(0.0, least=0, most=1.5)
    tilt: float = _number(0.0, least=0, most=1.5)
    tumble: float = _number(0.0, least=0, most=1)
    tumble_to: float = _number(math.pi, least=0, most=math.pi)
    exchange: float = _number(0.0, least=0, most=1)
    noise: float = _number(1.0, least=0, most=1000)


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam and its learning rate.

    Attributes:
        learning_rate: Peak.
        schedule: `cosine` to zero after a linear warm-up; `step`: times 0.1 after each third
            (the paper's).
        warmup: Share of the steps, `cosine` only.
        clip_norm: Largest norm of the gradient; 0 for none.
        weight_decay: AdamW's, of the matrices; times the learning rate it is what a step takes off.
    """

    learning_rate: float = _number(1e-3, least=0, most=1000)
    schedule: Literal["cosine", "step"] = "cosine"
    warmup: float = _number(0.02, least=0, most=1)
    clip_norm: float = _number(1.0, least=0, most=1e30)
    weight_decay: float = _number(0.0, least=0, most=1000)


@dataclass(frozen=True)
class ScheduleConfig:
    """How long, and in what portions.

    Attributes:
        unit: `steps`, or `epochs` (a pass over as many instants as the data have).
        pretrain: Length of stage one, loss (6); 0 for none.
        length: Length of stage two.
        batch: Instants a step; the networks see `batch * objective.views` poses.
        call: Steps on the device for one host call; an interrupted run stops between calls.
        validate: Calls between validations; fewer where a run would have fewer than 20.
        save_minutes: Minutes between checkpoints.
    """

    unit: Literal["steps", "epochs"] = "steps"
    pretrain: int = _number(0, least=0, most=10**9)
    length: int = _number(12_000, least=0, most=10**9)
    batch: int = _number(128, least=1, most=10**6)
    call: int = _number(50, least=1, most=10**4)
    validate: int = _number(20, least=1, most=10**6)
    save_minutes: float = _number(2.0, least=0, most=10**6)


@dataclass(frozen=True)
class DistributedConfig:
    """Several hosts, one process on each, that train one run together.

    Attributes:
        coordinator: `auto`: one process, or as SLURM or a TPU pod says in the environment;
            `cluster`: as JAX finds out from Cloud TPU or SLURM; `none`: one process; HOST:PORT of
            process 0: as the next two say.
        processes, process: How many there are, and which this one is, from 0.
        stuck_minutes: A host that waits for another for longer, and for 20 times longer than it
            worked itself before, ends the run (75).
    """

    coordinator: str = "auto"
    processes: int = _number(1, least=1, most=10**5)
    process: int = _number(0, least=0, most=10**5)
    stuck_minutes: float = _number(10.0, least=0.1, most=10**5)


@dataclass(frozen=True)
class Config:
    """One experiment, and where it computes, which may change when it is continued.

    Attributes:
        data, model, objective, augmentation, optimizer, schedule: See there.
        init: Folder of a run or an export to start from, its joints found by name; `none` or empty:
            fresh weights.
        seed: Of the weights, the batches and the dropout.
        device: `auto` takes what JAX finds; any other is an error where it is missing.
        parallel: `jit` over a sharded batch, or `pmap`: the same mathematics.
        compute: Of the products within the networks' blocks; `auto` is bfloat16 on gpu and tpu. All
            else is float32 always.
        distributed: Several hosts.
    """

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    init: str = ""
    seed: int = _number(0, least=0, most=2**32 - 1)
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto"
    parallel: Literal["jit", "pmap"] = "jit"
    compute: Literal["auto", "float32", "bfloat16"] = "auto"
    distributed: DistributedConfig = field(default_factory=DistributedConfig)


WHERE = ("device", "parallel", "compute", "distributed")
"""The keys of `Config` that do not say what is trained, but where."""


def as_dict(config: Any) -> dict[str, Any]:
    """A (nested) dataclass as plain dictionaries, for JSON."""
    return {
        f.name: as_dict(value) if is_dataclass(value := getattr(config, f.name)) else value
        for f in fields(config)
    }


def split_where(config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits a configuration into what is trained and where it computes, as dictionaries."""
    what = as_dict(config)
    where = {key: what.pop(key) for key in WHERE}
    where["device_bytes"] = what["data"].pop("device_bytes")
    return what, where


def from_dict(kind: type, values: Any, where: str = "config") -> Any:
    """Builds a dataclass from what `as_dict` gave and checks every key and value.

    Args:
        kind: The dataclass.
        values: Value of each field by its name; a field that is missing gets its default.
        where: Name of `values` in error messages.

    Returns:
        An instance of `kind`.

    Raises:
        GeoselfError: Unknown key, or a value of another type or beyond its limits (64).
    """
    if not isinstance(values, dict):
        raise usage_error(f"{where}={values!r}", "wanted a table of keys", f"set {where}.KEY")
    hints = get_type_hints(kind)
    limits = limits_of(kind)
    for key in values:
        if key not in limits:
            raise usage_error(f"{where}.{key}", "no such key", nearest_name(str(key), limits))
    return kind(
        **{
            key: _checked(hints[key], value, f"{where}.{key}", limits[key])
            for key, value in values.items()
        }
    )


def replace_at(config: Any, key: str, text: str, where: str = "config") -> Any:
    """Returns a copy of a configuration with one value set from a command line's text.

    Args:
        config: A dataclass; it is not changed.
        key: Name of the field, with dots between nested ones, e.g. objective.name.
        text: The value; commas between the numbers of a tuple.
        where: Name of `config` in error messages.

    Raises:
        GeoselfError: No such key or a group of keys, or a value of another type or beyond its
            limits (64).
    """
    head, _, rest = key.partition(".")
    names = [f.name for f in fields(config)]
    if head not in names:
        raise usage_error(f"--{where}.{key}", "no such key", _nearest_key(config, head, where))
    hint, current = get_type_hints(type(config))[head], getattr(config, head)
    if is_dataclass(current):
        if not rest:
            inner = [f.name for f in fields(current)]
            raise usage_error(
                f"--{where}.{key}", "a group of keys", f"one of {', '.join(inner)} must follow"
            )
        value = replace_at(current, rest, text, f"{where}.{head}")
    elif rest:
        raise usage_error(f"--{where}.{key}", f"{head} has no keys", f"set --{where}.{head}")
    else:
        limits = limits_of(type(config))[head]
        value = _checked(hint, _parsed(hint, text), f"{where}.{head}", limits)
    return replace(config, **{head: value})


def _nearest_key(config: Any, name: str, where: str) -> str:
    """The group that has a key of this name, or the nearest name."""
    groups = {f.name: getattr(config, f.name) for f in fields(config)}
    inner = [
        group
        for group, value in groups.items()
        if is_dataclass(value) and any(f.name == name for f in fields(value))
    ]
    if inner:
        return f"write --{where}.{inner[0]}.{name}"
    return nearest_name(name, groups)


def limits_of(kind: type) -> dict[str, tuple[float, float]]:
    """Returns the least and the largest value of each field of a dataclass, by its name."""
    anything = (-math.inf, math.inf)
    return {f.name: f.metadata.get("limits", anything) for f in fields(kind)}


def in_points(text: str) -> str:
    """What to write in place of a text that is no number: with a point, where a comma is why.

    Args:
        text: As the user wrote it, `0,5`.
    """
    if text.count(",") == 1:
        pointed = text.replace(",", ".")
        try:
            float(pointed)
        except ValueError:
            return "correct the value"
        return f"write {pointed}, with a point"
    return "correct the value"


def _parsed(hint: Any, text: str) -> Any:
    """Text as the type wants it, or the text itself where it cannot be."""
    if hint is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if get_origin(hint) is tuple:
        return tuple(_parsed(get_args(hint)[0], part) for part in text.split(","))
    kind = type(get_args(hint)[0]) if get_origin(hint) is Literal else hint
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text


def _checked(hint: Any, value: Any, where: str, limits: tuple[float, float]) -> Any:
    if is_dataclass(hint):
        return from_dict(hint, as_dict(value) if isinstance(value, hint) else value, where)  # type: ignore[arg-type]
    if get_origin(hint) is Literal:
        if not any(type(value) is type(name) and value == name for name in get_args(hint)):
            names = [str(name) for name in get_args(hint)]
            raise usage_error(
                f"{where}={value!r}",
                f"wanted one of {', '.join(names)}",
                nearest_name(str(value), names),
            )
        return value
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if not isinstance(value, tuple | list) or len(value) != len(kinds):
            raise usage_error(f"{where}={value!r}", f"wanted {len(kinds)} numbers", "a,b")
        return tuple(_checked(k, v, where, limits) for k, v in zip(kinds, value, strict=True))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 10**300 else math.inf * (1 if value > 0 else -1)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        do = in_points(value) if isinstance(value, str) else "correct the value"
        raise usage_error(f"{where}={value!r}", f"wanted a value of type {hint.__name__}", do)
    if hint in (int, float):
        _check_range(value, where, limits)
    return value


def _check_range(value: float, where: str, limits: tuple[float, float]) -> None:
    least, most = limits
    finite = isinstance(value, int) or math.isfinite(value)  # an int of any length
    if not (least <= value <= most and finite):
        bounds = f"in [{least}, {most}]" if math.isfinite(most) else f"at least {least}"
        wanted = f"a number {bounds}" if math.isfinite(least) else "a finite number"
        raise usage_error(f"{where}={value!r}", f"wanted {wanted}", "correct the value")
