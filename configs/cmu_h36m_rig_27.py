"""As cmu_h36m_rig, each frame lifted from the 27 about it (about a second at 25 fps).

    geoself train --config=cmu_h36m_rig_27 --workdir=RUN
    geoself evaluate --workdir=RUN --data=../shared/data/cmu_h36m_rig/dev.npz

Needs ../shared/data/cmu_h36m_rig; any other recording: --config.data.train=FILE.npz. The networks
see the middle frame and robust parabolas of time through each joint's rays
(`model.temporal=paths`), which train in twice the time of single frames. A live stream is delayed
by 13 frames. What to expect is in README, Results.
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
            frames=27,
            temporal="paths",
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
