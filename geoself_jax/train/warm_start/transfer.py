"""Weights of one skeleton's networks as weights of another's, joint by joint."""

from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from geoself_jax.core.config import ModelConfig
from geoself_jax.core.feature_layout import input_numbers, paths_of, reading
from geoself_jax.core.model import Networks
from geoself_jax.data.joint_maps import JointMap, joint_map
from geoself_jax.evaluate.warnings import UNLIKE
from geoself_jax.runtime.restore import Trained

Layer = dict[str, Any]


class Transferred(NamedTuple):
    """Variables of ordinary networks that a run starts from.

    Attributes:
        variables: `params` and `batch_stats`, numpy arrays, in the run's `length_unit`.
        joints: Which of the run's joints are which of the earlier ones.
        fresh: What no weight was there for, in words.
        left_out: What there were weights for and the run's networks do not have, in words.
    """

    variables: dict[str, Any]
    joints: JointMap
    fresh: list[str]
    left_out: list[str]


def transferred(origin: Trained, model: Networks) -> Transferred:
    """Moves weights to the joints, the paths and the unit of length of a run that starts.

    A joint of the same name keeps its weights. One that others stand in for starts as their mean,
    and one without any as its parent: the networks start with a body of the right size at each.
    Joints that are gone are read as not detected, or as the mean of those that stand in for them.

    Args:
        origin: Ordinary networks in metres (`origin.load_origin`).
        model: Of the run, with its measured lengths; `config.symmetric` is not looked at.
    """
    theirs, ours = origin.model, model
    there, here, unit = theirs.config, ours.config, unit_kept(origin, model.config)
    outputs = joint_map(theirs.skeleton, ours.skeleton)
    shares = with_parents(outputs)
    params, stats = _read_by_joint(origin, ours)
    lifting, root = params["lifting"], params["root"]
    lifting["output"] = _poses(lifting["output"], theirs.skeleton.root, shares, unit)
    root["output"] = _root(root["output"], there, here, unit)
    spread = lifting.pop("spread", None)
    if spread and heads_of(there) == heads_of(here):
        lifting["spread"] = _by_joint(spread, shares)
        factors = origin.variables["batch_stats"].items()
        stats |= {name: shares @ of / unit for name, of in factors if name not in stats}
    parts = _more_than(here, there), _more_than(there, here)
    return Transferred({"params": params, "batch_stats": stats}, outputs, *parts)


def _read_by_joint(origin: Trained, model: Networks) -> tuple[dict[str, Layer], dict[str, Layer]]:
    """Both networks' layers and statistics, the first ones for what the run's networks see."""
    theirs, there = origin.model, origin.model.config
    joints = joint_map(model.skeleton, theirs.skeleton).weights
    layouts = (there, theirs.skeleton.joints), (model.config, model.skeleton.joints)
    numbers = reading(*layouts, joints)
    every: list[dict[str, Layer]] = [{}, {}]
    for name in ("lifting", "root"):
        layers, seen = ({**origin.variables[of][name]} for of in ("params", "batch_stats"))
        if there.input == "pixel":
            layers["stem"], seen["stem"] = _of_other_pixels(
                layers["stem"], seen["stem"], there, model.config, theirs.skeleton.joints
            )
        kernel = numbers.T @ layers["stem"]["linear"]["kernel"]
        layers["stem"] = {**layers["stem"], "linear": {"kernel": kernel}}
        every[0][name], every[1][name] = layers, seen
    return every[0], every[1]


def heads_of(config: ModelConfig) -> tuple[Any, ...]:
    """Returns what networks say of their uncertainties, empty where nothing.

    Args:
        config: Of the networks.
    """
    every = [getattr(config, f.name) for f in fields(config) if f.name.startswith("uncertainty")]
    return tuple(every) if config.uncertainty else ()


def unit_kept(origin: Trained, here: ModelConfig) -> float:
    """Returns the metres that are 1 in the run's networks, of the metres that were learned.

    Metres are kept where the bodies are alike: the measured unit varies more with people's poses
    than with their size. Bodies of another size, or in another unit, are lifted in their own.

    Args:
        origin: Networks in metres, and the unit that they were trained in.
        here: Of the run, with its measured unit.
    """
    before = (origin.record.get("recording") or {}).get("length_unit") or 1.0  # not of older runs
    return here.metres if not is_other_size(before, here.metres) else float(before)


def is_other_size(before: float, now: float) -> bool:
    """Returns whether two units of length are of bodies of another size.

    Args:
        before, now: Metres.
    """
    return not 1 / UNLIKE <= now / before <= UNLIKE


def with_parents(joints: JointMap) -> np.ndarray:
    """Returns the shares of the earlier joints in each joint, absent ones as their parents.

    Args:
        joints: The earlier joints to the run's.
    """
    shares, skeleton = joints.weights.copy(), joints.target
    for joint in range(skeleton.joints):
        nearest = joint
        while nearest >= 0 and not joints.weights[nearest].any():
            nearest = skeleton.parents[nearest]
        if nearest < 0:  # the tree's first joint itself is absent: at the earlier root
            shares[joint, joints.source.root] = 1
        else:
            shares[joint] = joints.weights[nearest]
    return shares


def _poses(output: Layer, root: int, shares: np.ndarray, unit: float) -> Layer:
    """The last layer, relative to the earlier root, for the run's joints and in its unit."""
    moved = _by_joint(output, shares - shares.sum(1, keepdims=True) * _only(root, shares.shape[1]))
    return {name: array / unit for name, array in moved.items()}


def _only(place: int, count: int) -> np.ndarray:
    return np.eye(count)[place]


def _by_joint(layer: Layer, shares: np.ndarray) -> Layer:
    """A last layer with as many numbers for each joint, for other joints."""

    def moved(array: np.ndarray) -> np.ndarray:
        apart = array.astype(np.float64).reshape(*array.shape[:-1], shares.shape[1], -1)
        return np.einsum("ts,...sk->...tk", shares, apart).reshape(*array.shape[:-1], -1)

    return {name: moved(array) for name, array in layer.items()}


def _root(output: Layer, there: ModelConfig, here: ModelConfig, unit: float) -> Layer:
    """The root network's last layer: the same depth from where the run's starts."""
    if here.root == "plain":
        return {name: array / unit for name, array in output.items()}
    bias = output["bias"].astype(np.float64)
    bias[2] += np.log(there.start_depth / unit / here.start_depth)
    return {"kernel": output["kernel"], "bias": bias}


def _of_other_pixels(
    stem: Layer, seen: Layer, there: ModelConfig, here: ModelConfig, joints: int
) -> tuple[Layer, Layer]:
    """A first layer and its statistics, for pixels with another centre and scale."""
    scale = here.pixel_scale / there.pixel_scale
    shift = (np.array(here.pixel_center) - there.pixel_center) / there.pixel_scale
    kernel = stem["linear"]["kernel"].astype(np.float64)
    numbers = input_numbers(there, joints)
    pixel = np.array([number.kind == "ray" for number in numbers])
    shifts = np.array([shift[number.axis] for number in numbers]) * pixel
    norm = {**seen["norm"], "mean": seen["norm"]["mean"] - shifts @ kernel}
    kernel = np.where(pixel[:, None], scale * kernel, kernel)
    return {**stem, "linear": {"kernel": kernel}}, {**seen, "norm": norm}


def _more_than(here: ModelConfig, there: ModelConfig) -> list[str]:
    """What networks have that others do not, in words."""
    more = []
    if (paths := paths_of(here)) > paths_of(there):
        number = paths - paths_of(there)
        more.append(f"{number} of {paths} trajectory features of a joint ({here.frames} frames)")
    if heads_of(here) and heads_of(here) != heads_of(there):
        more.append("uncertainties")
    return more
