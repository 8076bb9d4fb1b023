"""Copies of a run that outlive its machine."""
