"""Pages, documents and queries <-> the JSON of Vespa's documents and requests.

The fields are those of `application/schemas/page.sd` and `pdf.sd`. Knows nothing of HTTP: what is
written here is the value of `fields` in a put, and what is read is the same of a get.

Vespa refuses a string with control characters or noncharacters, and file names may hold them: they
are written as ␛, their code point in hex, and a semicolon. All other text stays as it is.
"""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from index.codec import (
    failures_from_json,
    failures_to_json,
    patch_map_from_bytes,
    patch_map_to_bytes,
    words_from_bytes,
    words_to_bytes,
)
from index.errors import DamagedIndexError, IndexMismatchError, ServerError, VectorShapeError
from index.facets import folders_of
from index.pages import (
    VECTORS_TO_COME,
    Document,
    FileRecord,
    Fingerprint,
    Page,
    PageVectors,
    QueryVectors,
)
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from index.words.stored_text import place_text, stored_text
from vespa_app.regions import region_means
from vespa_app.tensors import (
    bfloat16_blocks,
    float_blocks,
    shown,
    sign_bit_blocks,
    vectors_from_tensor,
)

NAMESPACE = "pagelens"
"""In every id in Vespa: id:pagelens:page::<page id>, id:pagelens:pdf::<document id>."""

MANIFEST_ID = "manifest"
"""Id of the record in schema `pdf` that says what made the index; no document has such an id."""

FORMAT_VERSION = 3
"""Raised whenever the fields change their meaning; any other version is refused."""

_ESCAPE = "\u241b"  # ␛, the picture of the escape character: readable, and in nobody's file names
_UNSAFE = re.compile(
    f"[{_ESCAPE}"
    "\x00-\x1f\x7f-\x9f"  # control characters, which Vespa refuses (com.yahoo.text.Text) but for
    # tab, line feed, carriage return and those above 7e; none of them is fit to be shown
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef"  # noncharacters, these and the last two of each plane
    + "".join(f"{chr(end - 1)}{chr(end)}" for end in range(0xFFFF, 0x110000, 0x10000))
    + "]"
)
_ESCAPED = re.compile(f"{_ESCAPE}(10[0-9a-f]{{4}}|[0-9a-f]{{1,5}});")

_T = TypeVar("_T")


def to_wire_text(text: str) -> str:
    r"""Write a text so that Vespa takes it; the same text where it does already.

    >>> to_wire_text("a\x01b.pdf")
    'a␛1;b.pdf'
    """
    return _UNSAFE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):x};", text)


def from_wire_text(text: str) -> str:
    r"""Read what `to_wire_text` wrote.

    >>> from_wire_text("a␛1;b.pdf")
    'a\x01b.pdf'
    """
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def filter_path(path: str) -> str:
    r"""A path in the form that patterns are matched against, where `?` stands for one character.

    Accents are one with their letter, as a keyboard types them; macOS may store them apart. What
    Vespa would refuse is a replacement character.

    >>> filter_path("/e\u0301\x01.pdf")
    '/é\ufffd.pdf'
    """
    return _UNSAFE.sub("\ufffd", unicodedata.normalize("NFC", path))


def fingerprint_text(fingerprint: Fingerprint) -> str:
    """What made a page's vectors, in one line: equal for vectors that can be compared.

    >>> fingerprint_text(Fingerprint("lexical", "lexical", "1", "none", "words"))
    'encoder=lexical revision=1 pooling=none rendering=words prompts='
    """
    return (
        f"encoder={fingerprint.encoder} revision={fingerprint.revision} "
        f"pooling={fingerprint.pooling} rendering={fingerprint.rendering} "
        f"prompts={fingerprint.prompts}"
    )


def page_fields(page: Page, document: Document, fingerprint: Fingerprint) -> dict[str, object]:
    """A page as a put for schema `page`, with what searches need of its document.

    Args:
        page: vectors float32, not rounded; the sign bits are taken before rounding.
        document: the page's.
        fingerprint: what made the vectors.

    Returns:
        Strings, numbers, lists and dicts, ready for JSON. Of a page that came out of an index the
        same fields come again.
    """
    words = stored_text(page.words.text, page.language)
    return {
        "document_id": page.document_id,
        "page_number": page.page_number,
        "page_count": document.page_count,
        **place_fields(document),
        "language": to_wire_text(page.language),
        "ocr_engine": to_wire_text(page.ocr_engine),
        "width_pt": page.width_pt,
        "height_pt": page.height_pt,
        "fingerprint": to_wire_text(fingerprint_text(fingerprint)),
        "text": to_wire_text(page.words.text),
        "text_words": words.words,
        "text_forms": words.all,
        "text_codes": words.codes,
        "words": _base64(words_to_bytes(page.words)),
        "preview": _base64(page.preview),
        **vector_fields(page.vectors),
        **({"n_patches": VECTORS_TO_COME} if page.is_waiting else {}),
    }


def vector_fields(seen: PageVectors) -> dict[str, object]:
    """What a page says of its vectors; all that changes when they come after its words."""
    vectors = seen.vectors  # (n_patches, 128)
    patch_map = patch_map_to_bytes(seen.patch_map)
    # regions are made of what is stored, so that a copied page gets the same ones
    stored = PageVectors(from_bfloat16(to_bfloat16(vectors)), patch_map_from_bytes(patch_map))
    regions, means = region_means(stored)
    return {
        "n_patches": len(vectors),
        "patch_map": _base64(patch_map),
        "embedding": bfloat16_blocks(vectors),
        "embedding_bits": sign_bit_blocks(vectors),
        "region_bits": sign_bit_blocks(means, regions),
    }


def place_fields(document: Document) -> dict[str, object]:
    """What a page says of its document's place and name; all that changes when a file is moved."""
    paths = [file.path for file in document.files]
    return {
        "paths": [to_wire_text(path) for path in paths],
        "n_paths": len(paths),
        "filter_paths": [filter_path(path) for path in paths],
        "folders": [to_wire_text(folder) for folder in sorted(folders_of(paths))],
        **({"year": document.year, "kind": to_wire_text(document.kind)} if paths else {}),
        "title": to_wire_text(document.title),
        "place_forms": stored_text(place_text(document.title, paths)).all,
    }


def page_from_fields(fields: Mapping[str, object]) -> Page:
    """A page from the fields of a get.

    Args:
        fields: all of schema `page`; the tensor in any form. Empty texts, lists and tensors may be
            missing, as Vespa leaves out attributes without a value.

    Returns:
        The page as it was put: vectors rounded to bfloat16, boxes to 16 bits.

    Raises:
        ServerError: a field is not of the schema's type.
        DamagedIndexError: fields are missing or contradict each other.
    """
    record = _Record(f"Page {fields.get('document_id')}-{fields.get('page_number')}", fields)
    try:
        vectors = vectors_from_tensor(fields.get("embedding", {}))
        n_patches = record.number("n_patches")
        is_waiting = n_patches == VECTORS_TO_COME
        if len(vectors) != (0 if is_waiting else n_patches):
            raise DamagedIndexError(f"{n_patches} patches were put, {len(vectors)} are there")
        return Page(
            document_id=record.text("document_id"),
            page_number=record.number("page_number"),
            width_pt=record.real("width_pt"),
            height_pt=record.real("height_pt"),
            language=record.text("language"),
            words=words_from_bytes(record.raw("words")),
            vectors=PageVectors(vectors, patch_map_from_bytes(record.raw("patch_map"))),
            preview=record.raw("preview"),
            is_waiting=is_waiting,
            ocr_engine=record.text("ocr_engine"),
        )
    except ServerError as e:
        raise record.unusable(e) from e
    except (DamagedIndexError, VectorShapeError, UnicodeDecodeError) as e:
        raise record.damaged(e) from e


def document_fields(document: Document) -> dict[str, object]:
    """A document's record as a put for schema `pdf`.

    Returns:
        Strings, numbers and lists, ready for JSON; paths, sizes, mtimes and drives are
        parallel.
    """
    return {
        "document_id": document.document_id,
        "paths": [to_wire_text(file.path) for file in document.files],
        "sizes": [file.size_bytes for file in document.files],
        "mtimes": [file.mtime_ns for file in document.files],
        "drives": [to_wire_text(file.drive) for file in document.files],
        "title": to_wire_text(document.title),
        "page_count": document.page_count,
        "is_complete": document.is_complete,
        "is_without_pages": not document.has_readable_pages,
        "failures": to_wire_text(failures_to_json(document.failures)),
        "not_searched": to_wire_text(document.not_searched),
    }


def document_from_fields(fields: Mapping[str, object]) -> Document:
    """A document from the fields of its record; empty texts and lists may be missing.

    Raises:
        ServerError: a field is not of the schema's type.
        DamagedIndexError: fields are missing or contradict each other.
    """
    record = _Record(f"Document {fields.get('document_id')}", fields)
    try:
        paths, drives = record.texts("paths"), record.texts("drives")
        sizes, mtimes = record.numbers("sizes"), record.numbers("mtimes")
        if not len(paths) == len(sizes) == len(mtimes) == len(drives):
            raise DamagedIndexError(
                f"{len(paths)} paths have {len(sizes)} sizes, {len(mtimes)} times and "
                f"{len(drives)} drives"
            )
        return Document(
            document_id=record.text("document_id"),
            files=tuple(map(FileRecord, paths, sizes, mtimes, drives)),
            title=record.text("title"),
            page_count=record.number("page_count"),
            is_complete=record.flag("is_complete"),
            failures=failures_from_json(record.text("failures")),
            not_searched=record.text("not_searched"),
        )
    except ServerError as e:
        raise record.unusable(e) from e
    except DamagedIndexError as e:
        raise record.damaged(e) from e


def manifest_fields(fingerprint: Fingerprint) -> dict[str, object]:
    """The record of id MANIFEST_ID in schema `pdf`: what made the index, as JSON."""
    manifest = {"format_version": FORMAT_VERSION, "fingerprint": asdict(fingerprint)}
    # complete, for it is not to be counted with the documents that are not
    return {
        "document_id": MANIFEST_ID,
        "is_complete": True,
        "manifest": json.dumps(manifest),
    }


def manifest_from_fields(fields: Mapping[str, object]) -> Fingerprint:
    """What made the index, from its manifest's record.

    Raises:
        IndexMismatchError: it was written in another format version.
        DamagedIndexError: the manifest cannot be read.
    """
    try:
        manifest = json.loads(str(fields["manifest"]))
        version = manifest["format_version"]
        if version == FORMAT_VERSION:
            return Fingerprint(**manifest["fingerprint"])
    except (ValueError, KeyError, TypeError) as e:
        raise DamagedIndexError(
            f"The index's manifest in Vespa cannot be read ({type(e).__name__}: {e}). "
            "Remove all documents from Vespa and ingest again."
        ) from e
    raise IndexMismatchError(
        f"The index in Vespa has format version {version}, this program reads {FORMAT_VERSION}. "
        "Use the program that made it, or ingest again into a new index."
    )


def float_input(query: QueryVectors) -> dict[str, object]:
    """The request parameter query(qt), tensor<float>(querytoken{}, v[128])."""
    return {"input.query(qt)": float_blocks(query.vectors)}


def bits_input(query: QueryVectors) -> dict[str, object]:
    """The request parameter query(qtb), tensor<int8>(querytoken{}, v[16])."""
    return {"input.query(qtb)": sign_bit_blocks(query.vectors)}


def token_bits_inputs(query: QueryVectors) -> dict[str, object]:
    """The request parameters query(rq0), query(rq1), ..: tensor<int8>(v[16]), one for each token.

    >>> import numpy as np
    >>> vectors = np.float32([[1] + [0] * 127])
    >>> token_bits_inputs(QueryVectors("word", vectors, ("word",), np.array([True])))
    {'input.query(rq0)': '80000000000000000000000000000000'}
    """
    rows = pack_sign_bits(query.vectors)  # (n_tokens, 16)
    return {f"input.query(rq{token})": row.tobytes().hex() for token, row in enumerate(rows)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@dataclass(frozen=True)
class _Record:
    """The fields of a record Vespa gave, read by type.

    Empty attributes are left out of a get, so texts and lists may be missing.
    """

    name: str
    fields: Mapping[str, object]

    def text(self, field: str) -> str:
        return from_wire_text(self._typed(field, self.fields.get(field, ""), str))

    def number(self, field: str) -> int:
        return self._typed(field, self._required(field), int)

    def real(self, field: str) -> float:
        value = self._required(field)
        return float(value) if type(value) is int else self._typed(field, value, float)

    def flag(self, field: str) -> bool:
        return self._typed(field, self._required(field), bool)

    def texts(self, field: str) -> list[str]:
        values = self._typed(field, self.fields.get(field, []), list)
        return [from_wire_text(self._typed(field, value, str)) for value in values]

    def numbers(self, field: str) -> list[int]:
        values = self._typed(field, self.fields.get(field, []), list)
        return [self._typed(field, value, int) for value in values]

    def raw(self, field: str) -> bytes:
        value = self._typed(field, self._required(field), str)
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as e:
            raise ServerError(f"field {field} must be base64, not {shown(value)}") from e

    def _required(self, field: str) -> object:
        if field not in self.fields:
            raise DamagedIndexError(f"field {field} is missing")
        return self.fields[field]

    def _typed(self, field: str, value: object, wanted: type[_T]) -> _T:
        if type(value) is wanted:  # not isinstance: True is no number
            return value
        raise ServerError(f"field {field} must be {wanted.__name__}, not {shown(value)}")

    def unusable(self, reason: Exception) -> ServerError:
        return ServerError(
            f"{self.name} as Vespa gave it cannot be used: {reason}. "
            'Deploy the application of this version with "pagelens deploy", and try again.'
        )

    def damaged(self, reason: Exception) -> DamagedIndexError:
        return DamagedIndexError(
            f"{self.name} in Vespa is damaged: {str(reason).rstrip('.')}. "
            "Remove its document from Vespa and ingest its file again."
        )
