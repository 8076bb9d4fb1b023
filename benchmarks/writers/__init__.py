"""Scripts that let other libraries write files, each run with that library's own Python."""
