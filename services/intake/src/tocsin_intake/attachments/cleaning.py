"""Makes a photo or voice note anew, without what it says about itself.

It reads what strangers made, so it runs as a process of its own, with nothing in its environment,
little memory and time, and no file it could write: `python -m tocsin_intake.attachments.cleaning
KIND` reads the file from its input and writes a line with the new media type, then the new file.
"""

import resource
import sys
import warnings
from collections.abc import Callable
from io import BytesIO

from tocsin_intake.attachments.kinds import PHOTOS, Kind

MEMORY = 1 << 30
PROCESSOR = 20  # seconds
MOST_PIXELS = 50_000_000  # what the largest cameras of telephones make
LONGEST_SIDE = 3000  # enough to read a payslip
REFUSED = 3
"""How the process ends when it could not make anything of what it read."""

CONTAINERS = {
    "opus": ("ogg", "audio/ogg"),
    "vorbis": ("ogg", "audio/ogg"),
    "aac": ("ipod", "audio/mp4"),
    "mp3": ("mp3", "audio/mpeg"),
    "pcm_s16le": ("wav", "audio/wav"),
    "amr_nb": ("amr", "audio/amr"),
    "amr_wb": ("amr", "audio/amr"),
}
DEMUXERS = {Kind.MP4: "mov", Kind.WEBM: "matroska"}  # of the others it is their name

Cleaned = tuple[str, bytes]


class NotCleaned(Exception):
    """It is not what its first bytes say, or holds more than can be made anew."""


def photo(content: bytes, kind: Kind) -> Cleaned:
    """Draw a photo anew from its pixels: upright, bounded, and without a word beside them.

    Raises:
        NotCleaned: there are too many pixels.
        Exception: it cannot be read.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(BytesIO(content), formats=[kind.upper()]) as image:
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is read no larger than needed
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        pixels = upright.convert("RGB")
    drawn = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    made = BytesIO()
    if kind is Kind.PNG:
        drawn.save(made, "PNG")
        return "image/png", made.getvalue()
    drawn.save(made, "JPEG", quality=85)
    return "image/jpeg", made.getvalue()


def sound(content: bytes, kind: Kind) -> Cleaned:
    """Pack the sound of a voice note anew: the same sound, and nothing beside it.

    Raises:
        NotCleaned: there is a film in it, or sound of a kind that is not known.
        Exception: it cannot be read.
    """
    import av

    made = BytesIO()
    demuxer = DEMUXERS.get(kind, kind.value)
    with av.open(BytesIO(content), "r", format=demuxer, metadata_errors="ignore") as source:
        pictures = [one for one in source.streams.video if not one.disposition.attached_pic]
        if pictures or not source.streams.audio:
            raise NotCleaned
        track = source.streams.audio[0]
        if (codec := track.codec.canonical_name) not in CONTAINERS:
            raise NotCleaned
        container, media_type = CONTAINERS[codec]
        bare = {"fflags": "+bitexact"} | ({"id3v2_version": "0"} if container == "mp3" else {})
        with av.open(made, "w", format=container, options=bare) as target:
            copy = target.add_stream_from_template(track)
            packed = 0
            for packet in source.demux(track):
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)
                    packed += 1
    if not packed:
        raise NotCleaned
    return media_type, made.getvalue()


def limit_this_process() -> None:
    """Let it have so much memory and time, and no file that it could write to."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Clean what comes in; say nothing of it if that does not succeed."""
    limit_this_process()
    kind = Kind(sys.argv[1])
    clean: Callable[[bytes, Kind], Cleaned] = photo if kind in PHOTOS else sound
    try:
        media_type, made = clean(sys.stdin.buffer.read(), kind)
    except Exception:
        return REFUSED
    sys.stdout.buffer.write(media_type.encode() + b"\n")
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
