"""Encodes images as a video: GIF by Pillow, MP4 by ffmpeg."""

import errno
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from geoself_jax.core import disk
from geoself_jax.core.errors import INPUT_OUTPUT, UNAVAILABLE, GeoselfError
from geoself_jax.core.unfinished import unfinished
from geoself_jax.data.poses.atomic_write import whole_file
from geoself_jax.runtime.child_words import ChildWords

Images = Iterable[np.ndarray]
"""(height, width, 4) bytes RGBA each; consumed before the next one is requested."""

_LEVELS = 32  # per channel, in the lookup table from colours to the palette


def write_mp4(
    path: Path,
    images: Images,
    size: tuple[int, int],
    fps: float,
    *,
    quality: int = 20,
    key_frames: int | None = None,
) -> None:
    """Encodes H.264 that browsers, phones and presentation software play.

    Args:
        path: File to write; an existing one is replaced atomically.
        images: Images of one size.
        size: Width and height, both even, px.
        fps: Frames per second.
        quality: x264's constant rate factor; lower is better and larger.
        key_frames: Frames from one that is coded by itself to the next, none of them coded from
            later ones: a player reaches each quickly. None for x264's choice.

    Raises:
        GeoselfError: No ffmpeg (69); it fails, or the file cannot be written (74).
    """
    program = _ffmpeg()
    width, height = size
    source = f"-f rawvideo -pix_fmt rgb0 -s {width}x{height} -r {fps:.6g} -i pipe:0"
    jumps = "" if key_frames is None else f"-g {key_frames} -bf 0"
    coded = f"-an -c:v libx264 -preset veryfast -crf {quality} {jumps} -pix_fmt yuv420p"
    coded += " -movflags +faststart -f mp4"

    with whole_file(path, "wb") as stream:
        command = [program, "-v", "error", "-y", *source.split(), *coded.split()]
        process = subprocess.Popen(
            [*command, f"file:{stream.name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        said = ChildWords(process.stderr)
        try:
            with unfinished(process.kill):  # which does nothing to one that has ended
                _feed(process, images)
                process.wait()
        finally:
            code = process.wait()
        if code:
            raise _failure(path, code, said.text())


def _failure(path: Path, code: int, words: str) -> OSError | GeoselfError:
    """Of an ffmpeg that ended with a code and these words: the system's error, if it has one."""
    too_large = code == -getattr(signal, "SIGXFSZ", 0)  # which Python ignores, and ffmpeg does not
    if number := errno.EFBIG if too_large else disk.errno_within(words):
        return OSError(number, os.strerror(number))
    why = f"ffmpeg ended with {code} {words[:2000]}".strip().split("\n")[0]
    return GeoselfError(str(path), why, "check the disk", INPUT_OUTPUT)


def _feed(process: subprocess.Popen[bytes], images: Images) -> None:
    assert process.stdin is not None
    try:
        for image in images:
            process.stdin.write(np.ascontiguousarray(image).data)
        process.stdin.close()
    except BrokenPipeError:
        pass  # ffmpeg has exited; its message is on stderr


def _ffmpeg() -> str:
    """Returns the path of an ffmpeg.

    Raises:
        GeoselfError: imageio-ffmpeg, which provides one, is not installed (69).
    """
    do = 'pip install "geoself_jax[film]", or choose a .gif'
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except ImportError as error:
        raise GeoselfError("mp4", "imageio-ffmpeg is not installed", do, UNAVAILABLE) from error
    except RuntimeError as error:
        raise GeoselfError("mp4", f"no ffmpeg ({error})", do, UNAVAILABLE) from error


def write_gif(path: Path, images: Images, sample: Images, fps: float) -> None:
    """Encodes a GIF of 256 colours that loops.

    Args:
        path: File to write; an existing one is replaced atomically.
        images: Images of one size.
        sample: Some of them, to choose the palette from.
        fps: Frames per second; a GIF counts in 1/100 s, so that frame durations differ by 1.

    Raises:
        GeoselfError: The file cannot be written (74).
    """
    palette, table = _colors(sample)

    def indexed() -> Iterator[Image.Image]:
        for image in images:
            r, g, b = (image[..., i].astype(np.int32) >> 3 for i in range(3))
            frame = Image.fromarray(table[(r * _LEVELS + g) * _LEVELS + b])
            frame.putpalette(palette)
            yield frame

    frames = indexed()
    first = next(frames)
    ends = np.rint(np.arange(1, 100_001) * 100 / fps).astype(int)
    durations = (10 * np.diff(ends, prepend=0)).tolist()

    with whole_file(path, "wb") as stream:
        first.save(
            stream,
            "GIF",
            save_all=True,
            append_images=frames,
            duration=durations,
            loop=0,
            optimize=False,
        )


def _colors(sample: Images) -> tuple[bytes, np.ndarray]:
    """Returns a palette, and the palette's index of each of 32^3 colours."""
    rows = np.concatenate([image[::2, ::2, :3] for image in sample])
    chosen = Image.fromarray(rows).quantize(255).getpalette() or []
    white = (255, 255, 255)  # averaged colours would turn the background grey
    palette = np.array([*white, *chosen], np.uint8).reshape(-1, 3)
    axis = np.arange(_LEVELS, dtype=np.uint8)
    levels = (axis << 3) | (axis >> 2)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    far = np.square(palette, dtype=np.int32).sum(-1) - 2 * (cube @ palette.T.astype(np.int32))
    return palette.tobytes(), far.argmin(-1).astype(np.uint8)
