"""2D joints in videos, by a detector that runs in a Python of its own."""
