"""Seconds of training on tiny.npz of the working directory, with a checkpoint after each call."""

from geoself_jax.core.config import Config, DataConfig, ModelConfig, ScheduleConfig


def get_config() -> Config:
    """Returns the configuration."""
    return Config(
        data=DataConfig(train="tiny.npz", validation_share=0.2),
        model=ModelConfig(width=16, blocks=1, layers=1, root_width=16, root_blocks=1),
        schedule=ScheduleConfig(length=40, batch=32, call=5, validate=2, save_minutes=0.0),
    )
