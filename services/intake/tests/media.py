"""Invented photos and voice notes that say much about themselves."""

from array import array
from collections.abc import Callable
from io import BytesIO
from math import sin
from typing import Any

import av
from PIL import Image
from PIL.PngImagePlugin import PngInfo

CANARY = "CANARYheron41"
TURNED = (40, 20)


def _pixels(size: tuple[int, int] = TURNED) -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert("RGB")


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = CANARY  # the description
    exif[0x010F] = CANARY  # who made the camera
    exif[0x0112] = 6  # it was held on its side
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (10.0, 45.0, 8.0)
    gps[29] = CANARY
    return exif


def jpeg() -> bytes:
    made = BytesIO()
    _pixels().save(made, "JPEG", exif=_exif(), comment=CANARY.encode())
    return made.getvalue() + CANARY.encode()


def png() -> bytes:
    made, said = BytesIO(), PngInfo()
    said.add_text("Author", CANARY)
    said.add_itxt("XML:com.adobe.xmp", CANARY)
    _pixels().save(made, "PNG", pnginfo=said, exif=_exif())
    return made.getvalue() + CANARY.encode()


def webp() -> bytes:
    made = BytesIO()
    _pixels().save(made, "WEBP", exif=_exif(), xmp=CANARY.encode())
    return made.getvalue()


def sound(container: str, codec: str, layout: str = "mono") -> bytes:
    """Half a second of a tone, with tags."""
    rate = 48_000
    made = BytesIO()
    with av.open(made, "w", format=container) as target:
        for name in ("title", "artist", "comment", "location"):
            target.metadata[name] = CANARY
        stream: Any = target.add_stream(
            codec, rate=rate, options={"strict": "experimental"}, layout=layout
        )
        stream.metadata["handler_name"] = CANARY
        frame = av.AudioFrame("s16", layout, rate // 2)
        frame.sample_rate = rate
        wave = array("h", (int(8000 * sin(at / 20)) for at in range(rate // 2))).tobytes()
        frame.planes[0].update(wave.ljust(frame.planes[0].buffer_size, b"\0"))
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return made.getvalue()


def film() -> bytes:
    """A film that calls itself a voice note."""
    made = BytesIO()
    with av.open(made, "w", format="mp4") as target:
        stream: Any = target.add_stream("mpeg4", rate=10, width=32, height=32)
        for _ in range(3):
            target.mux(stream.encode(av.VideoFrame.from_image(_pixels((32, 32)))))
        target.mux(stream.encode(None))
    return made.getvalue()


def bomb() -> bytes:
    """A small file of very many pixels."""
    made = BytesIO()
    Image.new("1", (60_000, 20_000)).save(made, "PNG")
    return made.getvalue()


SPEAKING: dict[str, tuple[Callable[[], bytes], str]] = {
    "jpeg": (jpeg, "image/jpeg"),
    "png": (png, "image/png"),
    "webp": (webp, "image/jpeg"),
    "opus": (lambda: sound("ogg", "libopus"), "audio/ogg"),
    "vorbis": (lambda: sound("ogg", "vorbis", "stereo"), "audio/ogg"),
    "webm": (lambda: sound("webm", "libopus"), "audio/ogg"),
    "m4a": (lambda: sound("ipod", "aac"), "audio/mp4"),
    "mp3": (lambda: sound("mp3", "libmp3lame"), "audio/mpeg"),
    "wav": (lambda: sound("wav", "pcm_s16le"), "audio/wav"),
}
"""What is taken, and what it becomes."""
