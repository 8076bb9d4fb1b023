"""Where what was assumed, or how far a command is, goes when nobody asked for it."""


def silent(_: object) -> None:
    """Drops a notice."""
