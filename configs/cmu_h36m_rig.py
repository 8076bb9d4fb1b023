"""Real motion through real camera calibrations: ../shared/data/cmu_h36m_rig, no 3D label used."""

from geoself_jax.config import (
    AugmentationConfig,
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz"),
        model=ModelConfig(width=512, blocks=2, dropout=0.1, root_width=256, root_blocks=2),
        objective=ObjectiveConfig(name="pseudo_label"),
        augmentation=AugmentationConfig(share=0.75),
        schedule=ScheduleConfig(length=12_000, batch=128),
    )
