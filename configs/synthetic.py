"""The built-in data: 12 procedural people, four cameras, a detector model; no 3D label used.

    geoself train --config=synthetic --workdir=runs/synthetic
    geoself evaluate --workdir=runs/synthetic --data=synthetic:test

What to expect is in README, Results.
"""

from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="synthetic:train", synthetic_frames=40_000),
        model=ModelConfig(width=384, blocks=2, dropout=0.1, root_width=192, root_blocks=2),
        objective=ObjectiveConfig(name="pseudo_label", views=4),
        augmentation=AugmentationConfig(share=0.75),
        schedule=ScheduleConfig(length=4_000, batch=64),
    )
