"""3D poses over time, as `lift` writes them and other programs read them."""
