"""Cameras, triangulation and alignment as pure functions of arrays."""
