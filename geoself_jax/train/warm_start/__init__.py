"""Warm start: the networks of an earlier run or of an export, as those that a run starts from."""
