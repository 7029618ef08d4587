"""open_nsfw: how sexual a picture is, as one score.

The preprocessing is that of the model's training, written anew: bilinear to 256 x 256 whatever the shape, a JPEG round
trip, the middle 224 x 224, BGR, the training mean taken off. It knows nothing of drawings, of text in the picture, nor
of any other harm; the model card says more.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import PIL.Image

from moderation.media.decoded import Image
from moderation.models.base import Classification, Classifier, Scored
from moderation.models.spec import ModelSpec

_SIDE = 256
_CROP = 224
_MEAN_BGR = np.array([104, 117, 123], np.float32)

Floats = npt.NDArray[np.float32]


class ImageNsfw(Classifier[Image]):
    """One score, `sexual`, for a whole picture. Each item costs the same, whatever its size."""

    max_batch_size = 8

    def __init__(self, spec: ModelSpec, weights: Path, *, threads: int) -> None:
        self.key = spec.key
        self.revision = spec.revision
        self.modality = spec.modality
        self.categories = frozenset(spec.categories)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        # Spinning threads starve the other models of the process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def preprocess(self, items: Sequence[Image]) -> Floats:
        """float32 [n, 224, 224, 3], BGR."""
        if not items:
            return np.zeros((0, _CROP, _CROP, 3), np.float32)
        return np.stack([_prepare(item.pixels) for item in items])

    def infer(self, prepared: Floats) -> Floats:
        """float32 [n, 2]: not sexual, sexual."""
        if not len(prepared):
            return np.zeros((0, 2), np.float32)
        answer: Floats = self._session.run(None, {self._input: prepared})[0]
        return answer

    def postprocess(self, raw: Floats, items: Sequence[Image]) -> list[Classification]:  # noqa: ARG002 - the contract's
        return [Classification((Scored({"sexual": float(score)}),)) for score in raw[:, 1].clip(0.0, 1.0)]

    def warm_up_items(self) -> Sequence[Image]:
        grey = np.full((64, 64, 3), 128, np.uint8)
        return [Image(grey, 64, 64)]


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> ImageNsfw:
    """The registry's entry."""
    return ImageNsfw(spec, files["open-nsfw.onnx"], threads=threads)


def _prepare(pixels: npt.NDArray[np.uint8]) -> Floats:
    """uint8 [h, w, 3] RGB -> float32 [224, 224, 3] BGR."""
    edge = (_SIDE - _CROP) // 2
    image = PIL.Image.fromarray(pixels).resize((_SIDE, _SIDE), PIL.Image.Resampling.BILINEAR)
    image = image.crop((edge, edge, edge + _CROP, edge + _CROP))
    with io.BytesIO() as buffer:
        # The model was trained on JPEG files and answers otherwise on clean pixels.
        image.save(buffer, format="JPEG")
        rgb = np.asarray(PIL.Image.open(buffer), np.float32)
    return np.ascontiguousarray(rgb[:, :, ::-1] - _MEAN_BGR)
