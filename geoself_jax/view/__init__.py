"""Shows 3D poses over time: scenes of one or more sources, as a page, stills or a video."""
