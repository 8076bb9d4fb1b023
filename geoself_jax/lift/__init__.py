"""lift: one camera's detections to 3D joints over time, from an export."""
