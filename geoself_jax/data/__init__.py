"""Recordings: where they come from, what must hold in them, and how batches are drawn."""
