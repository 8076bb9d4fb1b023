"""prepare: calibrations and detections of any kind become one file of format geoself-multiview/1."""
