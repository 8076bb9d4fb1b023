"""train: a run from a recording to its last checkpoint."""
