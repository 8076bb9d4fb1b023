"""From one camera's detections to 3D joints over time: what `python -m geoself_jax.lift` does."""

from geoself_jax.lifting.cameras import guessed_view, read_view
from geoself_jax.lifting.poses import lift_video
from geoself_jax.lifting.videos import Video, read_video, videos_of
from geoself_jax.lifting.view import View, view_of

__all__ = [
    "Video",
    "View",
    "guessed_view",
    "lift_video",
    "read_video",
    "read_view",
    "videos_of",
    "view_of",
]
