"""The paper's recipe: Li et al., AAAI 2020, networks, losses and schedule as printed.

Stage one is eq. (6) for 20 epochs, stage two eq. (7) for 300 with the rate times 0.1 after each
third, a random pair of views for each instant, squared norms, a raw root, pixels in. Where the
paper is silent: lambda = 1, two layers a block, dropout 0.25, batch 256, no clipping of the
gradient. The Human3.6M run the paper prints (59.0 mm without virtual views) was not run: the data
cannot be had freely. On your own recording:

    geoself train --config=paper --config.data.train=FILE.npz --workdir=RUN
"""

from geoself_jax.core.config import (
    Config,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
)


def get_config() -> Config:
    return Config(
        data=DataConfig(train="../shared/data/cmu_h36m_rig/train.npz"),
        model=ModelConfig(
            width=1024,
            blocks=4,
            dropout=0.25,
            root_width=1024,
            root_blocks=4,
            input="pixel",
            root="plain",
        ),
        objective=ObjectiveConfig(name="transform", norm="squared", weight_from="source", views=2),
        optimizer=OptimizerConfig(schedule="step", clip_norm=0.0),
        schedule=ScheduleConfig(unit="epochs", pretrain=20, length=300, batch=256),
    )
