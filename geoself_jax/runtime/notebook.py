"""In a notebook: a command in this process, and what it wrote as a cell's result."""

import html
from pathlib import Path
from typing import Any

from geoself_jax.core.errors import GeoselfError
from geoself_jax.runtime import cli, phases

_PAGE = (
    '<div><iframe srcdoc="{page}" sandbox="allow-scripts" style="width: 100%; height: {height}px; '
    'border: 1px solid #ccc"></iframe></div>'
)


def command(verb: str, *flags: object) -> None:
    """`python -m geoself_jax.VERB FLAGS`, but in this process, which already has jax started.

    Args:
        verb: `train`, `lift`, ...
        flags: As in a terminal, one argument each.

    Raises:
        RuntimeError: What a terminal would show: the error's one line, or the exit code.
    """
    main = cli.main_of(verb)
    try:
        with phases.command():
            code = main([str(flag) for flag in flags])
    except GeoselfError as error:
        raise RuntimeError(f"error: {error}") from None
    if code:
        raise RuntimeError(f"{verb} ended with exit code {code}: its last lines say why")


def show(path: Path | str, height: int = 800) -> Any:
    """An image, a page or a card, as the last expression of a cell.

    A page is part of the notebook: it opens where its file cannot be reached, as on Colab. It can
    run its own scripts and reach nothing of the notebook.

    Args:
        path: A .png, .gif, .html or .md file.
        height: Of a page, pixels.
    """
    from IPython.display import HTML, Image, Markdown

    path = Path(path)
    if path.suffix == ".html":
        page = html.escape(path.read_text(encoding="utf-8"))
        return HTML(_PAGE.format(page=page, height=height))
    if path.suffix == ".md":
        return Markdown(path.read_text(encoding="utf-8"))
    return Image(path.read_bytes(), width=900)
