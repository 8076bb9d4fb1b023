"""Models out of the box: how the general models are trained, packed and scored."""
