"""Bounds on what is accepted, checked before anything is decoded. Passed as arguments, never read from a global."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Raise one only together with the machine's memory.

    Attributes:
        max_body_bytes: one HTTP request's body, as it comes over the wire.
        idle_timeout_s: time a connection may be open with nothing sent; longer than that of proxies (60 s).
        header_timeout_s: time a client has to send a request's headers, from their first byte.
        body_timeout_s: time a client has to send its body, and in which it must take something of its answer.
        max_requests: bodies in one batch form.
        max_parts: parts of one content, conversation included.
        max_text_chars: code points of all text parts together.
        max_media_bytes: encoded bytes of one media part.
        max_pixels: width x height of an image, as its header states it.
        max_frames: frames an animation may have.
        max_judged_frames: frames of an animation that are judged, evenly spread; the others are `unjudged`.
        max_side: longest side, in pixels, of the working copy the models see.
        max_duration_s: seconds of audio.
        max_depth: files in files in a medium: an archive in a mail in an archive is two deep.
        max_members: files in one medium, in all its archives and documents together.
        max_unpacked_bytes: bytes of all that is unpacked out of one medium.
        max_pages: pages, slides or sheets of a document that are read.
        max_found_texts: texts read in one medium.
        max_found_chars: code points of all texts read in one medium.
        max_pictures: pictures and frames of one medium that are judged.
        max_picture_bytes: their pixels at working size, together, three bytes each.
        max_sounds: sounds of one medium that are judged: tracks, and channels judged apart.
        max_sounds_s: seconds of them all.
        decoder_memory_bytes: address space of a decoder process.
        max_form_fields: fields of a multipart form.
        max_json_values: commas and opening brackets of a JSON body.
        max_held_bytes: bodies of all requests that are being answered, together; over it requests get 429.
        max_media_at_once: media that is decoded or judged at one time in this process.
        max_media_waiting: media that may wait for that; over it requests get 429.
        max_streams: streams that may be open at one time in this process; over it they are refused.
        max_stream_message_chars: characters of one message of a stream.
    """

    max_body_bytes: int = 32 * 1024 * 1024
    idle_timeout_s: float = 75.0
    header_timeout_s: float = 15.0
    body_timeout_s: float = 30.0
    max_requests: int = 256
    max_parts: int = 64
    max_text_chars: int = 200_000
    max_media_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_frames: int = 1_000
    max_judged_frames: int = 4
    max_side: int = 1_600
    max_duration_s: float = 300.0
    max_depth: int = 4
    max_members: int = 1_000
    max_unpacked_bytes: int = 256 * 1024 * 1024
    max_pages: int = 500
    max_found_texts: int = 2_000
    max_found_chars: int = 500_000
    max_pictures: int = 128
    max_picture_bytes: int = 128 * 1024 * 1024
    max_sounds: int = 16
    max_sounds_s: float = 1_200.0
    decoder_memory_bytes: int = 2 * 1024 * 1024 * 1024
    max_form_fields: int = 128
    max_json_values: int = 1_000_000
    max_held_bytes: int = 384 * 1024 * 1024
    max_media_at_once: int = 8
    max_media_waiting: int = 512
    max_streams: int = 256
    max_stream_message_chars: int = 65_536
