"""Recordings: where they come from, what must hold in them, and what training is given."""
