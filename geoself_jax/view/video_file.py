"""Pictures one after the other into one file: GIF by Pillow, MP4 by ffmpeg."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from geoself_jax.core.errors import INPUT_OUTPUT, UNAVAILABLE, GeoselfError
from geoself_jax.data.poses.atomic_write import whole_file

Pictures = Iterable[np.ndarray]
"""(height, width, 4) bytes RGBA each; used before the next one is asked for."""

_LEVELS = 32  # of each colour in the table from colours to the palette


def write_mp4(path: Path, pictures: Pictures, size: tuple[int, int], fps: float) -> None:
    """Encodes H.264 that browsers, phones and slides play.

    Args:
        path: To write; one already there is replaced once all is written.
        pictures: Of one size.
        size: Width and height, both even, px.
        fps: Frames a second.

    Raises:
        GeoselfError: No ffmpeg (69); it or the disk fails (74).
    """
    program = _ffmpeg()
    width, height = size
    source = f"-f rawvideo -pix_fmt rgb0 -s {width}x{height} -r {fps:.6g} -i pipe:0"
    coded = "-an -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -movflags +faststart -f mp4"

    with whole_file(path, "wb") as stream, tempfile.TemporaryFile() as said:
        command = [program, "-v", "error", "-y", *source.split(), *coded.split()]
        process = subprocess.Popen(
            [*command, f"file:{stream.name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            _feed(process, pictures)
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
        if code:
            said.seek(0)
            words = said.read(2000).decode(errors="replace").strip().split("\n")[0]
            why = f"ffmpeg ended with {code} {words}".strip()
            raise GeoselfError(str(path), why, "check the disk", INPUT_OUTPUT)


def _feed(process: subprocess.Popen[bytes], pictures: Pictures) -> None:
    assert process.stdin is not None
    try:
        for picture in pictures:
            process.stdin.write(np.ascontiguousarray(picture).data)
        process.stdin.close()
    except BrokenPipeError:
        pass  # ffmpeg has ended, and said why


def _ffmpeg() -> str:
    """Path of an ffmpeg.

    Raises:
        GeoselfError: imageio-ffmpeg, which brings one, is not installed (69).
    """
    do = 'pip install "geoself_jax[film]", or choose a .gif'
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except ImportError as error:
        raise GeoselfError("mp4", "imageio-ffmpeg is not installed", do, UNAVAILABLE) from error
    except RuntimeError as error:
        raise GeoselfError("mp4", f"no ffmpeg ({error})", do, UNAVAILABLE) from error


def write_gif(path: Path, pictures: Pictures, sample: Pictures, fps: float) -> None:
    """Encodes a GIF of 256 colours that plays for ever.

    Args:
        path: To write; one already there is replaced once all is written.
        pictures: Of one size.
        sample: Some of them, to choose the colours from.
        fps: Frames a second; a GIF counts hundredths of a second, so their times differ by one.

    Raises:
        GeoselfError: The disk refuses (74).
    """
    palette, table = _colors(sample)

    def indexed() -> Iterator[Image.Image]:
        for picture in pictures:
            r, g, b = (picture[..., i].astype(np.int32) >> 3 for i in range(3))
            image = Image.fromarray(table[(r * _LEVELS + g) * _LEVELS + b])
            image.putpalette(palette)
            yield image

    images = indexed()
    first = next(images)
    ends = np.rint(np.arange(1, 100_001) * 100 / fps).astype(int)
    durations = (10 * np.diff(ends, prepend=0)).tolist()

    with whole_file(path, "wb") as stream:
        first.save(
            stream,
            "GIF",
            save_all=True,
            append_images=images,
            duration=durations,
            loop=0,
            optimize=False,
        )


def _colors(sample: Pictures) -> tuple[bytes, np.ndarray]:
    """A palette for the pictures, and its index for each of 32^3 colours."""
    rows = np.concatenate([picture[::2, ::2, :3] for picture in sample])
    chosen = Image.fromarray(rows).quantize(255).getpalette() or []
    white = (255, 255, 255)  # of averages, paper would be grey
    palette = np.array([*white, *chosen], np.uint8).reshape(-1, 3)
    axis = np.arange(_LEVELS, dtype=np.uint8)
    levels = (axis << 3) | (axis >> 2)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    far = np.square(palette, dtype=np.int32).sum(-1) - 2 * (cube @ palette.T.astype(np.int32))
    return palette.tobytes(), far.argmin(-1).astype(np.uint8)
