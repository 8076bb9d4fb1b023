"""An animal in front of a few calibrated cameras, a detector's joints; no 3D label used.

    geoself train --config=animal --config.data.train=FILE.npz --workdir=RUN
    geoself evaluate --workdir=RUN --data=ANOTHER.npz

FILE.npz is what `prepare` writes with the animal's skeleton (docs/data.md); with two or three
cameras add --config.objective.views=2. The training signal is triangulated labels, refined over
time and bones; three of four samples are synthesized views of bodies that are mirrored, scaled,
bent, tilted, rotated and moved. Small networks: minutes on two cores. What to expect is in
docs/accuracy/animals.md.
"""

from geoself_jax.core.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="animal.npz", validation_share=0.05),
        model=ModelConfig(
            width=256,
            blocks=2,
            dropout=0.0,
            root_width=128,
            root_blocks=2,
            confidence=True,
            symmetric=True,
        ),
        objective=ObjectiveConfig(name="pseudo_label", labels="refined", views=4),
        augmentation=AugmentationConfig(
            share=0.75, scale=0.15, limbs=0.1, bend=0.3, tilt=0.3, exchange=0.5
        ),
        optimizer=OptimizerConfig(learning_rate=5e-3, weight_decay=0.3),
        schedule=ScheduleConfig(length=3_000, batch=64, call=100),
    )
