"""Files of 2D detectors, one module a format: `recognize(path)` and `read(path)`."""
