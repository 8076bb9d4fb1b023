"""Where a run lives: command line, devices, hosts, checkpoints, the run's folder, signals."""
