"""Do the parts of a configuration fit each other and the recording?"""

from dataclasses import fields

import jax
import numpy as np

from geoself_jax.core import losses
from geoself_jax.core.augmentation import can_exchange
from geoself_jax.core.config import Config, ModelConfig, as_dict, from_dict
from geoself_jax.core.errors import data_error, nearest_name, usage_error
from geoself_jax.core.model import Networks, backbone_of
from geoself_jax.core.sampling import applicable, exchanges
from geoself_jax.core.skeleton import Skeleton
from geoself_jax.data.recording import Recording
from geoself_jax.runtime import devices
from geoself_jax.runtime.restore import abstract_variables

_FAR_OFF = 3.0
"""Times what is measured, from where a given length is said to be unusual."""


def check_values(config: Config) -> Config:
    """Refuses a value that a file or a flag could not have set; returns the configuration.

    Raises:
        GeoselfError: The key, in one line (64).
    """
    from_dict(Config, as_dict(config))
    check_names(config)
    return config


def check_names(config: Config) -> None:
    """Refuses an objective or a backbone that does not exist.

    Raises:
        GeoselfError: The nearest name, in one line (64).
    """
    name = config.objective.name
    known = [other for other in losses.OBJECTIVES if other != "consistency"]
    if name == "consistency":
        raise usage_error(
            f"config.objective.name={name!r}",
            "eq. (6) alone looks at no detection: it is stage one",
            "set config.schedule.pretrain, and the name to transform",
        )
    if name not in known:
        raise usage_error(
            f"config.objective.name={name!r}",
            f"wanted one of {', '.join(known)}",
            nearest_name(name, known),
        )
    backbone_of(config.model.backbone)


def check_labels(labels: np.ndarray | None, recording: Recording) -> np.ndarray | None:
    """Refuses labels from Python that do not fit the recording, or from which nothing is learned.

    Returns:
        The labels as a numpy array.

    Raises:
        GeoselfError: Another shape, infinity, or no number at all (65).
    """
    if labels is None:
        return None
    labels, wanted = np.asarray(labels), (recording.frames, recording.skeleton.joints, 3)
    if labels.shape != wanted or labels.dtype.kind != "f":
        what = f"labels of shape {labels.shape} and type {labels.dtype}"
        why = f"wanted numbers of shape {wanted}, metres, world"
        raise data_error(what, why, "give each joint of each frame, NaN where it is missing")
    if np.isinf(labels).any():
        raise data_error("labels hold infinity", "wanted metres", "write NaN where missing")
    if not np.isfinite(labels).any():
        raise data_error("labels are all NaN", "nothing is learned from them", "give some")
    return labels


def check_fit(config: Config, recording: Recording) -> None:
    """Refuses a configuration whose parts do not fit each other or the recording.

    Raises:
        GeoselfError: The key that has no meaning here, in one line (64).
    """
    check_names(config)
    _check_views(config, recording)
    _check_bodies(config, recording)
    _check_uncertainty(config.model)
    _check_window(config.model)
    _check_symmetric(config.model, recording.skeleton)


def without_pairs(config: Config, recording: Recording) -> list[str]:
    """Returns a line on mirroring a skeleton that says of no joint which is its mirror image."""
    mirrored = config.augmentation.mirror and config.augmentation.share > 0
    keys = ["config.model.symmetric"] * config.model.symmetric
    keys += ["config.augmentation.mirror"] * mirrored
    if recording.skeleton.left_right or not keys:
        return []
    return [
        f"{config.data.train}: the skeleton has no left/right pairs - {' and '.join(keys)} take "
        "each joint for one in the middle of the body - give left_right, or set "
        + ", ".join(f"{key}=false" for key in keys)
        + " unless that is so"
    ]


def unknown_vertical(config: Config, recording: Recording) -> list[str]:
    """Returns a line on what is left out of the augmentation where the vertical is unknown."""
    asked = config.augmentation
    able = applicable(asked, recording.world_up)
    keys = [f.name for f in fields(asked) if getattr(asked, f.name) != getattr(able, f.name)]
    if not keys or not asked.share:
        return []
    return [
        f"{config.data.train}: which way is up is unknown - augmented bodies are not turned, "
        f"tilted or moved over the ground (config.augmentation: {', '.join(keys)}) - prepare again "
        "with --up if you know it"
    ]


def unusual_lengths(model: ModelConfig, measured: ModelConfig) -> list[str]:
    """Returns a line for each length that is given and far from what the recording shows.

    Args:
        model: As configured; 0 where it is measured.
        measured: With both lengths as measured.
    """
    return [
        f"config.model.{name}={given:g}: the recording shows {shown:.3g} - it is "
        f"{'the metres of one unit' if name == 'length_unit' else 'in units of length'} - leave it "
        "at 0 to have it measured"
        for name in ("length_unit", "root_depth")
        if (given := getattr(model, name))
        and (shown := getattr(measured, name))
        and not 1 / _FAR_OFF <= given / shown <= _FAR_OFF
    ]


def check_memory(config: Config, model: Networks) -> None:
    """Refuses networks or batches that cannot fit the devices, before anything is allocated.

    Counted is the least that Adam needs, four numbers a weight, and what the gradient needs of a
    batch, the outputs of the blocks' layers.

    Raises:
        GeoselfError: They need more than a device has (64).
    """
    there = devices.memory()
    weights = sum(leaf.size for leaf in jax.tree.leaves(abstract_variables(model)))
    built = model.config
    units = built.layers * (built.blocks * built.width + built.root_blocks * built.root_width)
    poses = config.schedule.batch * config.objective.views / len(jax.devices())
    needed = 4 * (4 * weights + poses * units)
    if there and needed > there:
        what = f"config.model.width={built.width}, blocks={built.blocks}"
        what += f", config.schedule.batch={config.schedule.batch}"
        why = f"need {needed / 2**30:.0f} GiB at least, a device has {there / 2**30:.0f}"
        raise usage_error(what, why, "lower them")


def _check_views(config: Config, recording: Recording) -> None:
    views, count = config.objective.views, len(jax.devices())
    if not 1 <= views <= recording.views:
        raise usage_error(
            f"config.objective.views={views}",
            f"the recording has {recording.views} views",
            "set it to that or less",
        )
    moves = config.objective.name in losses.ACROSS_VIEWS
    if views < 2 and moves:
        raise usage_error(
            "config.objective.views=1",
            f"objective {config.objective.name} needs a pair",
            "set it to 2 or more",
        )
    if config.objective.root_from == "views" and not moves:
        raise usage_error(
            "config.objective.root_from=views",
            f"has no meaning for objective {config.objective.name}",
            "set it to network",
        )
    if config.schedule.batch % count:
        raise usage_error(
            f"config.schedule.batch={config.schedule.batch}",
            f"does not divide over {count} devices",
            f"set it to a multiple of {count}",
        )


def _check_bodies(config: Config, recording: Recording) -> None:
    able = applicable(config.augmentation, recording.world_up)
    if exchanges(able) and not can_exchange(recording.skeleton):
        raise usage_error(
            f"config.augmentation.exchange={config.augmentation.exchange}",
            "the skeleton's root has no pair of hips with something above them",
            "set --config.augmentation.exchange=0",
        )


def _check_uncertainty(model: ModelConfig) -> None:
    if model.uncertainty_axes and not model.uncertainty:
        raise usage_error(
            "config.model.uncertainty_axes=true",
            "the parts of an uncertainty that is not predicted",
            "set config.model.uncertainty=true too",
        )


def _check_window(model: ModelConfig) -> None:
    if model.temporal != "paths":
        return
    if model.frames == 1:
        raise usage_error(
            "config.model.temporal=paths",
            "a single frame (config.model.frames=1) has no paths",
            "set config.model.frames to 3 or more, e.g. 27",
        )
    if model.input != "centered_ray":
        raise usage_error(
            f"config.model.input={model.input}",
            "paths (config.model.temporal) are those of rays centred on the root's",
            "set it to centered_ray",
        )


def _check_symmetric(model: ModelConfig, skeleton: Skeleton) -> None:
    if not model.symmetric:
        return
    key, why = "config.model.symmetric", "a mirror image must be the same rays with other signs"
    if model.backbone != "residual":
        what = f"config.model.backbone={model.backbone}"
        raise usage_error(what, f"{key} is of backbone residual", f"set {key}=false")
    if model.input == "pixel":
        raise usage_error("config.model.input=pixel", f"{key}: {why}", "set it to centered_ray")
    if model.frames > 1 and model.temporal != "paths":
        what = f"config.model.temporal={model.temporal}"
        raise usage_error(what, f"{key} has no convolutions", "set it to paths")
    for name in ("width", "root_width"):
        if (units := getattr(model, name)) % 2:
            what = f"config.model.{name}={units}"
            raise usage_error(what, f"{key} makes half of the units images", "set an even number")
    if skeleton.mirror[skeleton.root] != skeleton.root:
        what = f"the root {skeleton.joint_names[skeleton.root]}"
        raise usage_error(what, f"{key}: it is one of a left and right pair", f"set {key}=false")
