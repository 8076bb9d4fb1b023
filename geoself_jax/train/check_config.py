"""Do the parts of a configuration fit each other and the recording?"""

import jax

from geoself_jax.core import losses
from geoself_jax.core.augmentation import can_exchange
from geoself_jax.core.config import Config, ModelConfig, as_dict, from_dict
from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.core.model import backbone_of
from geoself_jax.core.sampling import exchanges
from geoself_jax.data.recording import Recording


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


def check_fit(config: Config, recording: Recording) -> None:
    """Refuses a configuration whose parts do not fit each other or the recording.

    Raises:
        GeoselfError: The key that has no meaning here, in one line (64).
    """
    check_names(config)
    _check_views(config, recording)
    _check_bodies(config, recording)
    _check_window(config.model)


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
    if exchanges(config.augmentation) and not can_exchange(recording.skeleton):
        raise usage_error(
            f"config.augmentation.exchange={config.augmentation.exchange}",
            "the skeleton's root has no pair of hips with something above them",
            "set it to 0",
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
