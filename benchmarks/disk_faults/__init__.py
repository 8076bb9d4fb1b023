"""Each command on a disk that is full, read-only or used up, at each of its writes."""
