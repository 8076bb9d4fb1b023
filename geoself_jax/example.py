"""Starts prepare/example_command.py: geoself example, or python -m geoself_jax.example."""

from geoself_jax.prepare.example_command import main
from geoself_jax.runtime import cli

if __name__ == "__main__":
    cli.run(main)
