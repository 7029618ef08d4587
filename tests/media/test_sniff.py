from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media_files import SHARED_MEDIA, compressed, encoded, gif_of, picture, tone, wav

from moderation.media.sniff import UNKNOWN, Sniffed, sniff
from moderation.schema import Modality

PLAIN_TEXT = Sniffed("text/plain", None)


@pytest.mark.parametrize(
    ("form", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
        ("JPEG2000", "image/jp2"),
    ],
)
def test_images(form: str, mime: str) -> None:
    sniffed = sniff(encoded(picture(), form))
    assert (sniffed.mime, sniffed.modality) == (mime, Modality.IMAGE)


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("mp3", "mp3", "audio/mpeg"),
        ("flac", "flac", "audio/flac"),
        ("ogg", "libopus", "audio/ogg"),
        ("ipod", "aac", "audio/mp4"),
        ("mp4", "aac", "audio/mp4"),
        ("adts", "aac", "audio/aac"),
        ("aiff", "pcm_s16be", "audio/aiff"),
    ],
)
def test_audio(container: str, codec: str, mime: str) -> None:
    sniffed = sniff(compressed(tone(0.2, rate=48_000), container, codec))
    assert (sniffed.mime, sniffed.modality) == (mime, Modality.AUDIO)


def test_audio_frames_without_a_tag() -> None:
    data = compressed(tone(0.2, rate=48_000), "mp3", "mp3")
    bare = data[10 + int.from_bytes(data[6:10]) :]
    assert bare[0] == 0xFF
    assert sniff(bare).mime == "audio/mpeg"
    assert sniff(wav(tone(0.1))).mime == "audio/wav"


def test_a_page_with_a_drawing_is_a_page() -> None:
    for start in (b"<!DOCTYPE html><svg>", b"<html><svg>", b"<?xml version='1.0'?>\n<html><svg>"):
        assert sniff(start + b"</svg>").mime == "text/html"
    assert sniff(b"<?xml version='1.0'?><svg></svg>").mime == "image/svg+xml"


def test_what_is_no_medium_of_ours() -> None:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.txt", "a")
        packed = buffer.getvalue()
    assert (sniff(packed).mime, sniff(packed).modality) == ("application/zip", Modality.DOCUMENT)
    assert sniff(b"%PDF-1.7\n").modality is Modality.DOCUMENT
    assert sniff(b"\x1aE\xdf\xa3" + bytes(20)).modality is Modality.VIDEO
    assert sniff(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>").mime == "image/svg+xml"
    assert sniff(b"") == UNKNOWN
    assert sniff(b"just some words") == PLAIN_TEXT
    assert sniff(b"words and \x01 a control") == UNKNOWN


@pytest.mark.parametrize(
    "text", [b"ID3 is a tag", b"FORMAL words here", b"MZ, said the text", b"OggSomething", b"RIFF-RAFF"]
)
def test_a_text_is_no_medium_for_its_first_letters(text: bytes) -> None:
    assert sniff(text) == PLAIN_TEXT


def test_a_program_is_named() -> None:
    assert sniff(b"MZ\x90\0\x03" + bytes(20)).mime == "application/x-msdownload"


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "mime"), [("video1.mp4", "video/mp4"), ("c.mov", "video/quicktime")])
def test_video_is_named_as_such(name: str, mime: str) -> None:
    data = (SHARED_MEDIA / "c2pa-sdk-fixtures-dev" / "files" / name).read_bytes()
    assert (sniff(data).mime, sniff(data).modality) == (mime, Modality.VIDEO)


@given(st.sampled_from([b"", b"\0\0\0\x18ftypisom", b"\xff\xfb", b"OggS", b"RIFF", gif_of(1)]), st.binary(max_size=200))
def test_any_bytes_have_an_answer(prefix: bytes, rest: bytes) -> None:
    assert "/" in sniff(prefix + rest).mime
