"""The method: config, networks, losses, the training step, augmentation; no files, no devices."""
