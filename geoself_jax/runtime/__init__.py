"""Where a run lives: command line, devices, hosts, checkpoints, the run's folder, signals."""

from geoself_jax.runtime.signals import end_at_once, is_command

if is_command():  # a command's imports take most of its start
    end_at_once()
