"""Starts train/backup/backup_command.py: geoself keep, or python -m geoself_jax.keep."""

from geoself_jax.runtime import cli
from geoself_jax.train.backup.backup_command import main

if __name__ == "__main__":
    cli.run(main)
