"""export: a trained lifter as files that other programs run, read back before they are kept."""
