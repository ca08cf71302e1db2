"""Vectors <-> the JSON of Vespa's mixed tensors: one block of hex digits for each vector.

Hex is the bits themselves: decimals would be truncated to bfloat16 on Vespa's side, not rounded.
The digits of a cell are its big-endian bit pattern: 8 for float, 4 for bfloat16, 2 for int8
(com.yahoo.tensor.serialization.JsonFormat, HexEncoding).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedIndexError, ServerError
from index.pages import VECTOR_DIM, check_array
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16

Blocks = dict[str, dict[str, str]]
"""`{"blocks": {label: hex digits}}`."""

_BFLOAT16_DIGITS = 4 * VECTOR_DIM


def bfloat16_blocks(vectors: NDArray[np.float32]) -> Blocks:
    """Page vectors for a tensor<bfloat16>(patch{}, v[128]), rounded to nearest.

    Args:
        vectors: float32 (n_vectors, 128).

    Returns:
        512 hex digits a vector, labelled by its row.

    1 is 3f80 in bfloat16, -0.5 is bf00:

    >>> vectors = np.float32([[1, -0.5] + [0] * 126])
    >>> bfloat16_blocks(vectors) == {"blocks": {"0": "3f80bf00" + "0000" * 126}}
    True
    """
    return _blocks(to_bfloat16(vectors).astype(">u2").tobytes(), range(len(vectors)))


def float_blocks(vectors: NDArray[np.float32]) -> Blocks:
    """Query vectors for a tensor<float>(querytoken{}, v[128]), exact.

    Args:
        vectors: float32 (n_vectors, 128).

    Returns:
        1024 hex digits a vector, labelled by its row.

    >>> float_blocks(np.float32([[-2] + [0] * 127]))["blocks"]["0"][:16]
    'c000000000000000'
    """
    check_array("Vectors", vectors, np.float32, None, VECTOR_DIM)
    return _blocks(vectors.astype(">f4").tobytes(), range(len(vectors)))


def sign_bit_blocks(
    vectors: NDArray[np.float32], labels: Sequence[int] | NDArray[np.intp] | None = None
) -> Blocks:
    """Sign bits of vectors for a tensor<int8>(label{}, v[16]).

    Args:
        vectors: float32 (n_vectors, 128).
        labels: one for each vector; its row where None.

    Returns:
        32 hex digits a vector: dimension 0 is the high bit of the first digit.

    Signs + - + + - - - - are 10110000, which is b0:

    >>> sign_bit_blocks(np.float32([[1, -1, 1, 1] + [-1] * 124]), labels=[5])
    {'blocks': {'5': 'b0000000000000000000000000000000'}}
    """
    chosen = range(len(vectors)) if labels is None else labels
    return _blocks(pack_sign_bits(vectors).tobytes(), chosen)


def _blocks(cells: bytes, labels: Sequence[int] | NDArray[np.intp]) -> Blocks:
    digits = cells.hex()
    width = len(digits) // max(1, len(labels))
    return {
        "blocks": {
            str(label): digits[start : start + width]
            for label, start in zip(labels, range(0, len(digits), width or 1), strict=True)
        }
    }


def vectors_from_tensor(tensor: object) -> NDArray[np.float32]:
    """Read a tensor<bfloat16>(patch{}, v[128]) in any form Vespa gives it.

    These are what `format.tensors` calls hex, short and long, each with and without -value; and a
    list of blocks with addresses, as feed files may hold it.

    Args:
        tensor: the field's value as parsed from JSON. Blocks may come in any order.

    Returns:
        float32 (n_patches, 128), in order of label.

    Raises:
        ServerError: this is no such tensor.
        DamagedIndexError: patches are missing: the labels are not 0 to n - 1.

    >>> vectors_from_tensor({"1": [0.5] * 128, "0": "3f80" * 128})[:, 0]
    array([1. , 0.5], dtype=float32)
    """
    values = dict(_labelled_values(tensor))
    try:
        ordered = [values[str(row)] for row in range(len(values))]
    except KeyError as e:
        raise DamagedIndexError(
            f"a tensor of {len(values)} patches has none labelled {e}: some are missing"
        ) from e
    if all(isinstance(value, str) for value in ordered):
        halves = _halves_from_hex([str(value) for value in ordered])
    else:
        halves = np.concatenate([_halves(value) for value in ordered])
    return from_bfloat16(halves)


def _labelled_values(tensor: object) -> Iterable[tuple[str, object]]:
    """Label and value of each block."""
    values = tensor
    if isinstance(tensor, Mapping):
        values = tensor.get("blocks", tensor.get("cells", tensor))
    if isinstance(values, Mapping):
        return values.items()
    try:
        return _addressed_values(values)
    except (TypeError, KeyError, ValueError, IndexError, AttributeError) as e:
        raise ServerError(f"a tensor was expected, not {shown(tensor)}") from e


def _addressed_values(entries: Any) -> Iterable[tuple[str, object]]:  # noqa: ANN401 - parsed JSON of any shape
    """The list forms: blocks name their patch, cells their place in the vector too."""
    values: dict[str, Any] = {}
    for entry in entries:
        label = entry["address"]["patch"]
        if "values" in entry:
            values[label] = entry["values"]
        else:
            vector = values.setdefault(label, [None] * VECTOR_DIM)
            vector[int(entry["address"]["v"])] = entry["value"]
    return values.items()


def _halves(value: object) -> NDArray[np.uint16]:
    """One block, hex digits or numbers, as (1, 128)."""
    if isinstance(value, str):
        return _halves_from_hex([value])
    try:
        numbers = np.array([value], np.float32)
        if numbers.shape == (1, VECTOR_DIM) and np.isfinite(numbers).all():
            return to_bfloat16(numbers)
    except (TypeError, ValueError):
        pass  # not numbers, or lists of unequal length
    raise ServerError(
        f"a tensor's block must be {VECTOR_DIM} numbers or {_BFLOAT16_DIGITS} hex digits, "
        f"not {shown(value)}"
    )


def _halves_from_hex(blocks: Sequence[str]) -> NDArray[np.uint16]:
    """All blocks at once, (n_blocks, 128)."""
    wrong = next((block for block in blocks if len(block) != _BFLOAT16_DIGITS), None)
    if wrong is not None:
        raise ServerError(
            f"a tensor's block must be {_BFLOAT16_DIGITS} hex digits, not {len(wrong)}: "
            f"{shown(wrong)}"
        )
    try:
        cells = bytes.fromhex("".join(blocks))
        return np.frombuffer(cells, ">u2").astype(np.uint16).reshape(len(blocks), VECTOR_DIM)
    except ValueError as e:  # fromhex also passes over spaces, which reshape then misses
        raise ServerError(f"a tensor's block holds what is no hex digit: {e}") from e


def shown(value: object) -> str:
    """The beginning of a value, as an error message shows it."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:60] + "..."
