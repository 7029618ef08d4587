from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from support.contracts import ExtractorContract
from support.media_files import SHARED_MEDIA, encoded, noise

from moderation.limits import Limits
from moderation.media.decoded import Image
from moderation.media.reading import read
from moderation.models.base import Gap
from moderation.models.ocr import MAX_LINES, Line, Ocr
from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.schema import Modality

pytestmark = pytest.mark.models
ROOMS = Path(__file__).resolve().parents[2] / "models"
LATIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
CHINESE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SENTENCE = "The quick brown fox jumps over the lazy dog."


def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    package = "fonts-dejavu-core" if path == LATIN else "fonts-noto-cjk"
    if not path.is_file():
        pytest.fail(f"{path} is missing: apt-get install {package} (tools/system-packages.txt)")
    return ImageFont.truetype(str(path), size)


def page(lines: Sequence[str], *, path: Path = LATIN, size: int = 28, width: int = 900) -> PillowImage.Image:
    image = PillowImage.new("RGB", (width, 40 + 2 * size * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((20, 20 + 2 * size * number), line, fill="black", font=font(path, size))
    return image


def image_of(source: PillowImage.Image) -> Image:
    return Image(np.asarray(source.convert("RGB")), source.width, source.height)


def texts(model: Ocr, source: PillowImage.Image) -> list[str]:
    return [passage.text for passage in model.run([image_of(source)])[0].passages]


@pytest.fixture(scope="session")
def ocr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ocr]:
    """Loaded while nothing can be reached: the library must not try to download."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("the network was used")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        store = ModelStore(tmp_path_factory.mktemp("store"))
        model = Registry([ROOMS], entry_points=False).load("ocr.v1", store=store, threads=2)
        assert isinstance(model, Ocr)
        assert model.run(model.warm_up_items())[0].passages
    yield model
    model.close()


class TestContract(ExtractorContract):
    @pytest.fixture
    def model(self, ocr: Ocr) -> Ocr:
        return ocr

    @pytest.fixture
    def items(self) -> Sequence[Image]:
        return [
            image_of(page([SENTENCE, "Second line, shorter"])),
            image_of(PillowImage.new("RGB", (200, 100), "white")),
            image_of(page(["Something else"], size=40)),
        ]


@pytest.mark.parametrize("size", [14, 20, 36])
def test_english_is_read_with_its_spaces(ocr: Ocr, size: int) -> None:
    assert texts(ocr, page([SENTENCE], size=size)) == [SENTENCE]


def test_chinese_is_read_exactly(ocr: Ocr) -> None:
    sentence = "今天天气很好，我们一起去公园散步。"
    assert texts(ocr, page([sentence], path=CHINESE)) == [sentence]


def test_words_without_space_between_them_get_it(ocr: Ocr) -> None:
    assert texts(ocr, page(["meetmeatthestation"])) == ["meet me at the station"]


def test_boxes_are_in_pixels_of_the_original(ocr: Ocr) -> None:
    source = PillowImage.new("RGB", (3200, 1600), "white")
    ImageDraw.Draw(source).text((1600, 800), "Hello world", fill="black", font=font(LATIN, 120))
    image = read(Modality.IMAGE, encoded(source, "PNG"), Limits()).images[0]
    assert image.pixels.shape[1] == 1600
    (passage,) = ocr.run([image])[0].passages
    assert passage.text == "Hello world"
    assert passage.box is not None
    left, top, right, bottom = passage.box
    wanted = ImageDraw.Draw(source).textbbox((1600, 800), "Hello world", font=font(LATIN, 120))
    assert np.abs(np.array([left, top, right, bottom]) - wanted).max() < 60


def test_lines_come_in_reading_order(ocr: Ocr) -> None:
    source = PillowImage.new("RGB", (800, 300), "white")
    draw = ImageDraw.Draw(source)
    for text, at in {"four": (450, 203), "one": (40, 40), "three": (40, 200), "two": (450, 43)}.items():
        draw.text(at, text, fill="black", font=font(LATIN, 40))
    assert texts(ocr, source) == ["one", "two", "three", "four"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_text_is_read(ocr: Ocr, turn: int) -> None:
    assert texts(ocr, page([SENTENCE], size=36).rotate(turn, expand=True, fillcolor="white")) == [SENTENCE]


@pytest.mark.parametrize("size", [(1, 1), (5, 700), (900, 3), (31, 31)])
def test_odd_shapes_are_answered(ocr: Ocr, size: tuple[int, int]) -> None:
    assert ocr.run([image_of(PillowImage.new("RGB", size, "white"))])[0].passages == ()


def test_a_small_picture_is_read(ocr: Ocr) -> None:
    source = PillowImage.new("RGB", (90, 22), "white")
    ImageDraw.Draw(source).text((5, 3), "Hello world", fill="black", font=font(LATIN, 13))
    assert texts(ocr, source) == ["Hello world"]


def test_text_that_cannot_be_read_is_a_gap_and_a_doubtful_letter_is_not(ocr: Ocr) -> None:
    item = Image(np.zeros((100, 100, 3), np.uint8), 100, 100)
    box = (0.1, 0.1, 0.5, 0.2)
    lines = [Line("a b c", 0.4, box), Line("x", 0.3, box), Line("", 0.0, box), Line("fine", 0.5, box)]
    (result,) = ocr.postprocess([(lines, 0)], [item])
    assert [passage.text for passage in result.passages] == ["fine"]
    assert result.gaps == (Gap("low_confidence_text"),)
    (result,) = ocr.postprocess([(lines[1:], 0)], [item])
    assert result.gaps == ()


@pytest.mark.parametrize(
    ("size", "gaps"),
    [
        ((4032, 3024), ()),
        ((4624, 3468), ()),
        ((900, 3), ()),
        ((1, 1), ()),
        ((6000, 4000), ("text_scaled_away",)),
        ((6000, 6000), ("text_scaled_away",)),
        ((720, 20_000), ("text_scaled_away",)),
    ],
)
def test_a_picture_whose_text_may_be_scaled_away_says_so(
    ocr: Ocr, size: tuple[int, int], gaps: tuple[str, ...]
) -> None:
    limits = Limits()
    scale = min(1.0, limits.max_side / max(size))
    working = [max(1, round(side * scale)) for side in size]
    item = Image(np.full((working[1], working[0], 3), 255, np.uint8), *size)
    (result,) = ocr.run([item])
    assert tuple(gap.reason for gap in result.gaps) == gaps


def test_small_print_in_a_long_screenshot_is_read_or_a_gap(ocr: Ocr) -> None:
    source = PillowImage.new("RGB", (720, 20_000), "white")
    ImageDraw.Draw(source).text((20, 9_000), SENTENCE, fill="black", font=font(LATIN, 28))
    (result,) = ocr.run(read(Modality.IMAGE, encoded(source, "PNG"), Limits()).images)
    assert [passage.text for passage in result.passages] == [SENTENCE] or result.gaps


def test_noise_raises_no_gap(ocr: Ocr) -> None:
    result = ocr.run([image_of(noise(300, 300))])[0]
    assert (result.passages, result.gaps) == ((), ())


def test_more_lines_than_are_read(ocr: Ocr, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_LINES >= 100
    monkeypatch.setattr("moderation.models.ocr.MAX_LINES", 2)
    result = ocr.run([image_of(page(["one line", "two lines", "three lines"]))])[0]
    assert len(result.passages) == 2
    assert [gap.reason for gap in result.gaps] == ["too_many_lines"]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["skimage_astronaut.png", "skimage_grass.png", "skimage_brick.png", "skimage_coins.png"]
)
def test_photographs_raise_no_gap(ocr: Ocr, name: str) -> None:
    decoded = read(Modality.IMAGE, (SHARED_MEDIA / "benign-images" / "files" / name).read_bytes(), Limits())
    assert ocr.run(decoded.images)[0].gaps == ()


@pytest.mark.shared_data
def test_a_text_image_from_elsewhere(ocr: Ocr) -> None:
    data = (SHARED_MEDIA / "benign-images" / "files" / "presidio_kwargs_test.jpg").read_bytes()
    (result,) = ocr.run(read(Modality.IMAGE, data, Limits()).images)
    assert [passage.text for passage in result.passages] == [
        "John Smith lives in New York.",
        "His phone number is 202-555-0121.",
    ]
