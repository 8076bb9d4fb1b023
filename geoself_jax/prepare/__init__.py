"""prepare: calibrations and detections become one file of format geoself-multiview/1."""
