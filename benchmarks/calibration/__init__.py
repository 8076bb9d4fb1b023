"""How well cameras are found from joints, next to OpenCV's two-view functions."""
