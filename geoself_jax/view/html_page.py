"""The scenes as one HTML file that needs nothing but a browser.

The page's own scripts draw on canvases: some 60 kB. A plotting library would bring 4.7 MB and want
the policy 'unsafe-eval'; ours allows the one script and the one style of the page by their hashes,
and nothing else: the page makes no request, and a name from a file cannot become a script.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import data_error
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.view.page_data import page_facts
from geoself_jax.view.page_video import PageVideo
from geoself_jax.view.scene import Scene

# In order of dependency.
SCRIPTS = (
    *("lengths", "decode", "scene", "space", "colors", "body", "detections", "curve", "tables"),
    *("boxes", "player", "video", "pointer", "main"),
)


def write_page(
    path: Path,
    scenes: Sequence[Scene],
    title: str,
    table: dict[str, Any] | None = None,
    joints: dict[str, Any] | None = None,
    video: PageVideo | None = None,
) -> None:
    """Writes the page; an existing file is replaced atomically.

    Args:
        path: HTML file to write.
        scenes: At least one.
        title: Heading, plain text; markup is escaped.
        table, joints, video: See `page`.

    Raises:
        GeoselfError: No scene (65); the file cannot be written (74).
    """
    text = page(scenes, title, table, joints, video)
    with whole_file(path) as stream:
        stream.write(text)


def page(
    scenes: Sequence[Scene],
    title: str,
    table: dict[str, Any] | None = None,
    joints: dict[str, Any] | None = None,
    video: PageVideo | None = None,
) -> str:
    """Returns the whole page as text.

    Args:
        scenes: At least one.
        title: Heading.
        table: In place of the one that `error_table.action_table` makes of the scenes, in its form.
        joints: Of each joint's errors, as `evaluate.page.joint_boxes` has them; None for none.
        video: Of the only scene, or None.

    Raises:
        GeoselfError: No scene (65).
    """
    if not scenes:
        raise data_error("no scene to show", "at least one is required", "pass files with poses")
    # A name of a file may hold bytes that are no text.
    title = " ".join(title.encode(errors="replace").decode().split()) or "Poses"
    facts, blocks = page_facts(scenes, title, table, video)
    facts["joints"] = joints
    parts = [f'<script type="application/json" id="page">{json_text(facts)}</script>']
    parts += [
        f'<script type="application/octet-stream" id="block-{number}">{block.content}</script>'
        for block, number in blocks.found.items()
    ]
    if video is not None:
        parts.append(f'<script type="application/octet-stream" id="video">{video.content}</script>')
    style, script = asset("viewer.css"), program()
    filled = {
        "policy": html.escape(policy(style, script, plays=video is not None)),
        "title": html.escape(title),
        "style": style,
        "script": script,
        "data": "\n".join(parts),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], asset("page.html"))


def policy(style: str, script: str, *, plays: bool = False) -> str:
    """The Content-Security-Policy that allows this style and this script and nothing else.

    Args:
        style, script: The page's.
        plays: Whether the script may play a video that is in the page.
    """
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        + "media-src blob:; " * plays
        + "base-uri 'none'; form-action 'none'"
    )


def style_policy(style: str) -> str:
    """The Content-Security-Policy of a page without a script."""
    return f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"


def program() -> str:
    """All scripts as one, in a block of their own so that no name leaves it."""
    return '"use strict";\n{\n' + "\n".join(asset(f"{name}.js") for name in SCRIPTS) + "}\n"


def asset(name: str) -> str:
    """A file of the package's folder `assets`."""
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def json_text(value: Any) -> str:
    """JSON in which nothing can end the element that it stands in; NaN is refused."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
