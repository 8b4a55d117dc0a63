"""What an attachment is, told by its first bytes and never by its name or what a sender says."""

from enum import StrEnum

ENOUGH = 64  # bytes that tell every kind apart


class Kind(StrEnum):
    """What is taken: photos that can be drawn anew, sound that can be packed anew."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    OGG = "ogg"
    MP4 = "mp4"
    MP3 = "mp3"
    WAV = "wav"
    AMR = "amr"
    AAC = "aac"
    WEBM = "webm"


PHOTOS = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heif", b"mif1", b"msf1", b"hevc"})
HEIF_BRANDS = HEIC_BRANDS | {b"avif", b"avis"}

_BEGINNINGS = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"OggS", Kind.OGG),
    (b"ID3", Kind.MP3),
    (b"#!AMR", Kind.AMR),
    (b"\x1aE\xdf\xa3", Kind.WEBM),
)


def is_heic(head: bytes) -> bool:
    """Whether a file begins as an iPhone's photos do."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def kind_of(head: bytes) -> Kind | None:
    """Tell a kind by how a file begins, or `None` when it is not taken."""
    if head[:4] == b"RIFF":
        return {b"WEBP": Kind.WEBP, b"WAVE": Kind.WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return None if head[8:12] in HEIF_BRANDS else Kind.MP4
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if (
        len(head) > 1 and head[0] == 0xFF
    ):  # the frame sync of MPEG audio; layer 0 is AAC, layer 3 MP3
        if head[1] & 0xF6 == 0xF0:
            return Kind.AAC
        if head[1] & 0xE6 == 0xE2:
            return Kind.MP3
    return None
