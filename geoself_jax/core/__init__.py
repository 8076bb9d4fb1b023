"""The method: configuration, networks, losses, the training step, augmentation; no files, no devices."""
