"""Calibration files, one module a format: `recognize(path)` and `read(path)`."""
