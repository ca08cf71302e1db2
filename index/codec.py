"""Compact forms of a page's words and patch map and of what failed, the same in every index.

Boxes are kept as 16-bit fixed-point fractions, so they come back within 1/131070 of the page, and
confidences as 8-bit ones; texts and vector numbers come back as they went in.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedIndexError
from index.pages import Failure, PageWords, PatchMap, text_of_words

_SCALE = 65535
_CONFIDENCE_SCALE = 255
_OF_TEXT_LAYER = 0  # no confidence: the least of those is 1
_BEFORE_CONFIDENCES = b"\0"


def words_to_bytes(words: PageWords) -> bytes:
    """Pack words: boxes, then the texts separated by line feeds (no word holds a control char).

    Where OCR has read some, behind another control character a byte for each word follows.
    """
    packed = _boxes_to_bytes(words.boxes) + "\n".join(words.texts).encode()
    if words.is_ocr.any():
        confidences = np.maximum(np.rint(words.confidences * _CONFIDENCE_SCALE), 1)
        fixed = np.where(words.is_ocr, confidences, _OF_TEXT_LAYER).astype(np.uint8)
        packed += _BEFORE_CONFIDENCES + fixed.tobytes()
    return zlib.compress(packed)


def words_from_bytes(data: bytes) -> PageWords:
    """Unpack what `words_to_bytes` made.

    Raises:
        DamagedIndexError: the bytes are not what was written.
    """
    boxes, rest = _boxes_from_bytes(_decompress(data))
    joined, _, fixed = rest.partition(_BEFORE_CONFIDENCES)
    texts = _texts(joined)
    if len(texts) != len(boxes) or len(fixed) not in (0, len(texts)):
        raise DamagedIndexError(
            f"{len(texts)} words have {len(boxes)} boxes and {len(fixed)} confidences."
        )
    if not fixed:
        return PageWords(texts, boxes)
    confidences = np.frombuffer(fixed, np.uint8).astype(np.float32)
    confidences[confidences == _OF_TEXT_LAYER] = np.nan
    return PageWords(texts, boxes, confidences / np.float32(_CONFIDENCE_SCALE))


def text_from_bytes(data: bytes) -> str:
    """The text of packed words, as PageWords has it, in less time than all of them take.

    Raises:
        DamagedIndexError: the bytes are not what was written.
    """
    _, rest = _parted(_decompress(data))
    joined = _decoded(rest.partition(_BEFORE_CONFIDENCES)[0])
    return text_of_words([joined.replace("\n", " ")])


def _texts(joined: bytes) -> tuple[str, ...]:
    return tuple(_decoded(joined).split("\n")) if joined else ()


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as e:
        raise DamagedIndexError(f"The words of a page cannot be read ({e}).") from e


def patch_map_to_bytes(patch_map: PatchMap) -> bytes:
    """Pack a patch map: boxes, then the vector number of each cell."""
    numbers = patch_map.vector_index.astype("<i4").tobytes()
    return zlib.compress(_boxes_to_bytes(patch_map.boxes) + numbers)


def patch_map_from_bytes(data: bytes) -> PatchMap:
    """Unpack what `patch_map_to_bytes` made.

    Raises:
        DamagedIndexError: the bytes are not what was written.
    """
    boxes, rest = _boxes_from_bytes(_decompress(data))
    if len(rest) != 4 * len(boxes):
        raise DamagedIndexError(f"{len(rest) // 4} vector numbers for {len(boxes)} cells.")
    return PatchMap(boxes, np.frombuffer(rest, "<i4").astype(np.int32))


def failures_to_json(failures: Sequence[Failure]) -> str:
    """Write down what of a document could not be read."""
    # not in ASCII: there two lone surrogates would come back as one character
    records = [asdict(failure) for failure in failures]
    return json.dumps(records, ensure_ascii=False) if failures else ""


def failures_from_json(text: str) -> tuple[Failure, ...]:
    """Read what `failures_to_json` wrote.

    Raises:
        DamagedIndexError: the text is not what was written.
    """
    try:
        return tuple(Failure(**record) for record in json.loads(text)) if text else ()
    except (ValueError, TypeError) as e:
        raise DamagedIndexError(f"A list of failures cannot be read ({e}).") from e


def _boxes_to_bytes(boxes: NDArray[np.float32]) -> bytes:
    fixed = np.rint(np.clip(boxes, 0, 1) * _SCALE).astype("<u2")  # (n, 4)
    # column by column: neighbouring boxes share edges, which deflate then finds
    return len(boxes).to_bytes(4, "little") + bytes(fixed.T.tobytes())


def _boxes_from_bytes(data: bytes) -> tuple[NDArray[np.float32], bytes]:
    boxes, rest = _parted(data)
    fixed = np.frombuffer(boxes, "<u2").reshape(4, -1).T  # (n, 4)
    return np.ascontiguousarray(fixed.astype(np.float32) / _SCALE), rest


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """The packed boxes, and what stands behind them."""
    n = int.from_bytes(data[:4], "little")
    end = 4 + 8 * n
    if len(data) < end:
        raise DamagedIndexError(f"{n} boxes were promised, {len(data)} bytes are there.")
    return data[4:end], data[end:]


def _decompress(data: bytes) -> bytes:
    try:
        raw: bytes = zlib.decompress(data)
    except zlib.error as e:
        raise DamagedIndexError(f"A compressed record cannot be read ({e}).") from e
    return raw
