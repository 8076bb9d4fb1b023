"""Starts prepare/tfds/build_command.py: geoself tfds_build, or python -m geoself_jax.tfds_build."""

from geoself_jax.prepare.tfds.build_command import main
from geoself_jax.runtime import cli

if __name__ == "__main__":
    cli.run(main)
