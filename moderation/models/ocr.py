"""Text in pictures: PP-OCRv6 (Chinese and English) run by RapidOCR, one passage for each line.

The library is given loaded models, so that it has nothing to download. Its one-call form is not used: that turns its
own errors into "no text" and drops doubtful lines without a word. Lines it cannot read become gaps, if they look like
text at all; what each threshold was chosen on stands in the model card. It does not see text in other scripts,
handwriting it was not trained on, or letters lower than about eight pixels at working size.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
import rapidocr
from omegaconf import flag_override
from rapidocr.main import RapidOCRError
from rapidocr.utils.process_img import map_boxes_to_original

from moderation.media.decoded import Image
from moderation.models.base import Extraction, Extractor, Gap, Passage
from moderation.models.q4 import Q4File
from moderation.models.reading_order import reading_order
from moderation.models.segmentation import Segmenter, word_costs
from moderation.models.spec import ModelSpec

MAX_LINES = 200
MIN_CONFIDENCE = 0.5
_SURE = 0.85  # below it a line is read upside down as well
_TURNED = 0.75  # upside down, bad print reads as other bad print
_UNREADABLE_CHARS = 3  # icons and textures are read as one or two doubtful letters, never as three
_DETECTION_SIDE = 1280
_DETECTION_PIXELS = 1_050_000  # the detector's memory grows with them: 1280 x 820, or 1024 x 1024
_TINY_SIDE = 64
_SCALED_AWAY = 4.0  # scaled down by more, text 28 pixels high is lower than the detector finds
_LINE_HEIGHT = 48
_MAX_LINE_RATIO = 40.0
_GROUP_WIDTH = 4_000  # pixels of all lines in one run of the recogniser: bounds its memory
_GROUP_LINES = 8

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the recogniser read it; the box is left, top, right, bottom in pixels of the working image."""

    text: str
    score: float
    box: tuple[float, float, float, float]


class Ocr(Extractor[Image]):
    """Reads pictures one after the other: lines of different pictures never share a run, so a batch answers as its
    items would alone.
    """

    max_batch_size = 1

    def __init__(self, spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> None:
        self.key = spec.key
        self.revision = spec.revision
        self.modality = spec.modality
        self._engine = _engine(files, threads=threads)
        self._segmenter = Segmenter(word_costs(Q4File(files["e5-small-q4.bin"]).vocabulary().pieces))

    def cost(self, item: Image) -> int:
        """Pixels: the detector's work; the lines are not known before it ran."""
        pixels: int = item.pixels.shape[0] * item.pixels.shape[1]
        return max(1, pixels)

    def preprocess(self, items: Sequence[Image]) -> list[Pixels]:
        """uint8 [h, w, 3] BGR for each item; tiny pictures scaled up."""
        return [_prepare(item.pixels) for item in items]

    def infer(self, prepared: list[Pixels]) -> list[tuple[list[Line], int]]:
        """Lines of each picture, boxes as shares of its sides, and how many lines were found and not read."""
        return [self._read(pixels) for pixels in prepared]

    def postprocess(self, raw: list[tuple[list[Line], int]], items: Sequence[Image]) -> list[Extraction]:
        return [self._extraction(lines, unread, item) for (lines, unread), item in zip(raw, items, strict=True)]

    def warm_up_items(self) -> Sequence[Image]:
        page = np.full((96, 320, 3), 255, np.uint8)
        cv2.putText(page, "warm up", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
        return [Image(page, 320, 96)]

    def _read(self, pixels: Pixels) -> tuple[list[Line], int]:
        height, width = pixels.shape[:2]
        self._engine.text_det.limit_side_len = _detection_side(height, width)
        record: dict[str, Any] = {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}}
        try:
            found_crops, found = self._engine.detect_and_crop(pixels, record)
        except RapidOCRError:  # its word for "no text"; what onnxruntime raises is another class
            return [], 0
        crops = [_squeezed(crop) for crop in found_crops[:MAX_LINES]]
        polygons = map_boxes_to_original(found.boxes, record, height, width)[:MAX_LINES] / (width, height)
        lines = [
            Line(text, score, (*polygon.min(axis=0), *polygon.max(axis=0)))
            for (text, score), polygon in zip(self._recognise_either_way(crops), polygons, strict=True)
        ]
        return lines, len(found_crops) - len(crops)

    def _recognise_either_way(self, crops: list[Pixels]) -> list[tuple[str, float]]:
        """Text and confidence of each line, read upside down too where that may be better.

        The library's direction classifier squeezes a line to four times its height and misses long ones.
        """
        readings = self._recognise(crops)
        doubtful = [index for index, (_, score) in enumerate(readings) if score < _SURE]
        turned = self._recognise([np.ascontiguousarray(crops[index][::-1, ::-1]) for index in doubtful])
        for index, reading in zip(doubtful, turned, strict=True):
            if reading[1] >= max(_TURNED, readings[index][1]):
                readings[index] = reading
        return readings

    def _recognise(self, crops: list[Pixels]) -> list[tuple[str, float]]:
        readings: dict[int, tuple[str, float]] = {}
        for group in _groups([crop.shape[1] / crop.shape[0] for crop in crops]):
            answer = self._engine.recognize_txt([crops[index] for index in group])
            for index, text, score in zip(group, answer.txts, answer.scores, strict=True):
                readings[index] = " ".join(text.split()), float(score)
        return [readings[index] for index in range(len(crops))]

    def _extraction(self, lines: list[Line], unread: int, item: Image) -> Extraction:
        boxes = [_box(line, item) for line in lines]
        passages, gaps = [], []
        for index in reading_order(boxes):
            line, box = lines[index], boxes[index]
            if line.text and line.score >= MIN_CONFIDENCE:
                text = self._segmenter.split(line.text)
                passages.append(Passage(text, min(1.0, line.score), box=box))
            elif len(line.text.replace(" ", "")) >= _UNREADABLE_CHARS:
                gaps.append(Gap("low_confidence_text"))
        if unread:
            gaps.append(Gap("too_many_lines"))
        if _reduction(item) > _SCALED_AWAY:
            gaps.append(Gap("text_scaled_away"))
        return Extraction(tuple(passages), tuple(dict.fromkeys(gaps)))


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> Ocr:
    """The registry's entry."""
    return Ocr(spec, files, threads=threads)


def _engine(files: Mapping[str, Path], *, threads: int) -> Any:
    engine = rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "Rec.rec_batch_num": _GROUP_LINES,
        }
    )
    for section, name in {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}.items():
        with flag_override(engine.cfg, "allow_objects", True):
            engine.cfg[section].session = _session(files[name], threads=threads)
    cv2.setNumThreads(threads)
    with contextlib.suppress(RapidOCRError):  # loads the detector, and finds nothing
        engine.detect_and_crop(np.zeros((32, 32, 3), np.uint8), {})
    return engine


def _session(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(threads, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    # Spinning threads starve the other models of the process.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _detection_side(height: int, width: int) -> int:
    """The longest side to which the detector scales a picture down."""
    return math.floor(min(_DETECTION_SIDE, max(height, width) * math.sqrt(_DETECTION_PIXELS / (height * width))))


def _reduction(item: Image) -> float:
    """How many pixels of the original, side by side, the detector sees as one."""
    height, width = item.pixels.shape[:2]
    seen: int = min(max(height, width), _detection_side(height, width))
    return max(item.width, item.height) / seen


def _prepare(pixels: Pixels) -> Pixels:
    """BGR; a picture lower or narrower than the detector's grid is scaled up, since it would see nothing at all."""
    image: Pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    height, width = image.shape[:2]
    scale = min(_TINY_SIDE / min(height, width), _DETECTION_SIDE / max(height, width))
    if scale > 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    missing = [max(0, 32 - side) for side in image.shape[:2]]
    if any(missing):
        image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    return image


def _squeezed(crop: Pixels) -> Pixels:
    """A line, narrowed if it is absurdly long: the recogniser's memory grows with its width."""
    height, width = crop.shape[:2]
    if width <= _MAX_LINE_RATIO * height:
        return crop
    squeezed: Pixels = cv2.resize(crop, (math.floor(_MAX_LINE_RATIO * height), height))
    return squeezed


def _groups(ratios: Sequence[float]) -> Iterator[list[int]]:
    """Lines of like width together; each group bounded in number and in pixels."""
    group: list[int] = []
    for index in sorted(range(len(ratios)), key=ratios.__getitem__):
        width = _LINE_HEIGHT * ratios[index]  # the widest so far, to which the others are padded
        if group and (len(group) == _GROUP_LINES or width * (len(group) + 1) > _GROUP_WIDTH):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _box(line: Line, item: Image) -> tuple[int, int, int, int]:
    left, top, right, bottom = line.box
    x, y = min(math.floor(left * item.width), item.width - 1), min(math.floor(top * item.height), item.height - 1)
    return x, y, max(x + 1, math.ceil(right * item.width)), max(y + 1, math.ceil(bottom * item.height))
