"""An image of a page to the words on it. The only importer of rapidocr and cv2.

rapidocr runs the two models, by onnxruntime: one finds lines of text, one reads a line. Which way
up the page is, where in a line a word stands and in which order lines are read is worked out here
and in the files beside. What rapidocr brings takes a second to import: the first `Ocr` does that.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from itertools import chain
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index.errors import MissingDependencyError
from index.pages import PageWords
from ingest.ocr.lines import TALL, Quads, is_mostly_tall, sizes, turned, upright_boxes
from ingest.ocr.order import reading_order
from ingest.ocr.words import Pixels, ReadLine, Word, words_of_line

MODEL = "PP-OCRv6 small"
MODEL_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
"""What is used of rapidocr's wheel. It would download a file that is missing, and is not let."""

DPI = 200
FIND_SCALE = 0.75
"""Lines are found at 150 dpi: finding costs by the pixel, and below letters of 5 points are lost.
They are read at 200, which costs nothing more and does a noisy page good. See docs/ocr.md."""

MAX_PIXELS = 7_800_000  # an A3 page at DPI
MAX_LONG_EDGE_PX = 12_000  # of a strip; cv2 draws nothing from 32,768 on
SMALL_LONG_EDGE_PX = 1600  # an image file up to this size is enlarged, to twice its size at most

MIN_CONFIDENCE = 0.5
"""A line read with less is left out: of the words of such lines not one was right."""

_MULTIPLE_PX = 32  # of which the sides are that the first model takes: it resamples any other
_MARGIN_PX = 16  # around the page: text at its very edge is not found without
_LEAST_CONTRAST = 24  # of 255, between the lightest and the darkest pixel of a page with text
_TRIED_LINES = 4
_TRIED_ASPECT = 8
_LETTER = 3  # so many times as high as wide may a letter or digit be that stands alone
_SURE = 0.8


def engine_name() -> str:
    """Engine, model and version, kept with every page whose words it has read."""
    return f"{MODEL}, rapidocr {version('rapidocr')}"


def require_ocr() -> None:
    """Refuse to begin where the engine or one of its models is not installed.

    Raises:
        MissingDependencyError: it names what is missing.
    """
    for package in ("rapidocr", "onnxruntime"):
        if find_spec(package) is None:
            raise MissingDependencyError(
                f"To read words from pictures of pages, the package {package} is needed. "
                "Install it: pip install rapidocr onnxruntime; or leave OCR out: --ocr never"
            )
    models = files("rapidocr") / "models"
    for name in MODEL_FILES:
        if not (models / name).is_file():
            raise MissingDependencyError(
                f"To read words from pictures of pages, the model {name} is needed, which is not "
                f"in {models}. Install it: pip install --force-reinstall rapidocr; or leave OCR "
                "out: --ocr never"
            )


def ocr_size_px(width: float, height: float, *, is_pdf: bool) -> tuple[int, int]:
    """The size at which a page is drawn to be read, so that memory and time are bounded.

    Args:
        width: of the page as seen, in points; in pixels for an image file.
        height: its height.
        is_pdf: whether they are points.

    >>> ocr_size_px(595.276, 841.89, is_pdf=True)
    (1654, 2339)
    >>> ocr_size_px(8000, 6000, is_pdf=False)
    (3225, 2419)
    """
    long_edge = max(width, height)
    enlarged = min(2.0, max(1 / FIND_SCALE, SMALL_LONG_EDGE_PX / long_edge))
    wanted = DPI / 72 if is_pdf else enlarged
    scale = min(wanted, sqrt(MAX_PIXELS / (width * height)), MAX_LONG_EDGE_PX / long_edge)
    return max(1, round(width * scale)), max(1, round(height * scale))


class Ocr:
    """Reads pages, one at a time: one for each thread that reads.

    Args:
        n_threads: that onnxruntime may take for one page.

    Raises:
        MissingDependencyError: see `require_ocr`.
    """

    def __init__(self, n_threads: int) -> None:
        require_ocr()
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.return_word_box": True,
                "Det.limit_side_len": _MULTIPLE_PX,
                "Global.use_vertical_padding": False,
                "Rec.rec_img_shape": [3, 48, 32],  # 32: a short line is not made as wide as 320
                "EngineConfig.onnxruntime.intra_op_num_threads": n_threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, image: Image.Image, check: Callable[[], None] = lambda: None) -> PageWords:
        """The words of a page, in reading order.

        Lines are read one by one: on a CPU a batch takes a third more, as it is made as wide as its
        widest line.

        Args:
            image: the page, of the size that `ocr_size_px` gives; it may be turned or skewed.
            check: called between two lines; what it raises ends the reading, and passes through.

        Returns:
            Boxes on the page as it is shown. A word's confidence is that of its least sure
            character.
        """
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        if np.ptp(pixels) < _LEAST_CONTRAST:
            return PageWords.none()
        check()
        quads = self._find_lines(pixels)
        if not len(quads):
            return PageWords.none()
        turn = self._turn_of_page(pixels, quads, check)
        lines = []
        for quad in turned(quads, turn):
            check()
            lines.append(self._words_of_line(pixels, quad))
        return _page_words([words for words in lines if words], turn, image.size)

    def _find_lines(self, pixels: Pixels) -> Quads:
        """Lines of text, from left to right as they are seen, or downwards where they are tall."""
        import cv2
        from rapidocr.main import RapidOCRError

        height, width = (max(1, round(FIND_SCALE * side)) for side in pixels.shape[:2])
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        bottom, right = (
            _MARGIN_PX + -(side + 2 * _MARGIN_PX) % _MULTIPLE_PX for side in (height, width)
        )
        with_margin = cv2.copyMakeBorder(
            small, _MARGIN_PX, bottom, _MARGIN_PX, right, cv2.BORDER_REPLICATE
        )
        try:
            _, found = self._engine.detect_and_crop(with_margin, {})
        except RapidOCRError:  # there are none
            return np.zeros((0, 4, 2), np.float32)
        size = np.array([width, height], np.float32)
        quads = np.clip(np.asarray(found.boxes, np.float32) - _MARGIN_PX, 0, size)
        return quads * (np.array(pixels.shape[1::-1], np.float32) / size)

    def _turn_of_page(self, pixels: Pixels, quads: Quads, check: Callable[[], None]) -> int:
        """How most lines are read, in quarters as `turned` has them.

        The beginnings of the longest lines are read in both directions in which they may run: the
        model is less sure of letters upside down.
        """
        are_tall = is_mostly_tall(quads)
        longest = quads[np.argsort(-sizes(quads)[:, int(are_tall)])[:_TRIED_LINES]]
        confidences = {}
        for turn in (3, 1) if are_tall else (0, 2):
            check()
            pictures = [_picture(pixels, corners) for corners in turned(longest, turn)]
            confidences[turn] = sum(
                self._read_line(picture[:, : _TRIED_ASPECT * len(picture)]).confidence
                for picture in pictures
            )
        return max(confidences, key=lambda turn: confidences[turn])

    def _words_of_line(self, pixels: Pixels, quad: NDArray[np.float32]) -> list[Word]:
        """The words of one line; one that runs across the page is read upwards and downwards."""
        length, height = sizes(quad[None])[0]
        turns = [0] if height < _LETTER * length else []
        if height >= TALL * length:
            turns += [3, 1]
        tried = []
        for corners in (turned(quad[None], turn)[0] for turn in turns):
            picture = _picture(pixels, corners)
            line = self._read_line(picture)
            tried.append((line, corners, picture))
            if line.confidence >= _SURE:
                break
        line, corners, picture = max(tried, key=lambda each: each[0].confidence)
        return words_of_line(line, corners, picture) if line.confidence >= MIN_CONFIDENCE else []

    def _read_line(self, picture: Pixels) -> ReadLine:
        result = self._engine.recognize_txt([picture])
        characters = result.word_results[0]
        columns = chain.from_iterable(characters.word_cols)
        places = [(column + 0.5) / characters.line_txt_len for column in columns]
        return ReadLine(result.txts[0], places, characters.confs)


def _picture(pixels: Pixels, corners: NDArray[np.float32]) -> Pixels:
    """A line cut out and put straight."""
    import cv2

    width, height = (max(1, round(float(side))) for side in sizes(corners[None])[0])
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    picture: Pixels = cv2.warpPerspective(  # type: ignore[assignment]
        pixels,
        cv2.getPerspectiveTransform(corners, target),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return picture


def _page_words(lines: Sequence[list[Word]], turn: int, size_px: tuple[int, int]) -> PageWords:
    """The words of all lines in reading order, their places as fractions of the page."""
    if not lines:
        return PageWords.none()
    spans = [
        [line[0].corners[0], line[-1].corners[1], line[-1].corners[2], line[0].corners[3]]
        for line in lines
    ]
    order = reading_order(upright_boxes(np.array(spans, np.float32), turn))
    words = [word for i in order for word in lines[i]]
    corners = np.array([word.corners for word in words], np.float32) / np.array(size_px, np.float32)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)  # (n_words, 4)
    return PageWords(
        tuple(word.text for word in words),
        np.clip(boxes, 0, 1).astype(np.float32),
        np.array([word.confidence for word in words], np.float32),
    )
