"""Real motion (CMU) through Human3.6M's published cameras, a modelled detector; no 3D label used.

    geoself train --config=cmu_h36m_rig --workdir=RUN
    geoself evaluate --workdir=RUN --data=../shared/data/cmu_h36m_rig/dev.npz

Needs ../shared/data/cmu_h36m_rig; any other recording: --config.data.train=FILE.npz. The training
signal is triangulated labels, refined over time and bones. A sample is one of them as observed or,
in three of four cases, augmented: a synthesized view of a body that is mirrored, scaled, its limbs
stretched and bent, tilted (one in five by up to 90 degrees), rotated, moved, half of them with the
upper body of another instant.
Synthesized views get the detections' residual noise re-applied, 1.14 times as large as measured
against the labels, which have absorbed the rest (measured without ground truth).
Each choice was made by the label-free score of held-out subjects. The networks commute with
mirroring (`model.symmetric`), which is better after a quarter of the steps (docs/accuracy.md). The
paper's loss is in cmu_h36m_rig_transform. What to expect is in README, Results.
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
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz", validation_share=0.02),
        model=ModelConfig(
            width=512,
            blocks=2,
            dropout=0.0,
            root_width=256,
            root_blocks=2,
            confidence=True,
            symmetric=True,
        ),
        objective=ObjectiveConfig(name="pseudo_label", labels="refined", views=4),
        augmentation=AugmentationConfig(
            share=0.75,
            limbs=0.1,
            bend=0.5,
            tilt=0.3,
            tumble=0.2,
            tumble_to=1.57,
            exchange=0.5,
            noise=1.14,
        ),
        optimizer=OptimizerConfig(learning_rate=5e-3, weight_decay=0.3),
        schedule=ScheduleConfig(length=8_000, batch=64, call=100),
    )
