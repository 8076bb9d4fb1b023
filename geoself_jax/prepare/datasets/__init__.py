"""Published data sets in the layout they come in: `recognize(path)` and `read(paths, options)`."""
