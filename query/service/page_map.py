"""Where each page lies on a map on which pages that look alike lie side by side.

A page is one point: the mean of its vectors, so the map shows what whole pages have in common; a
search looks closer. Nearness on the map means something, distance across it little, and the axes
nothing.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import VECTOR_DIM, Document, Page, check_array, page_id

MAX_PAGES = 3000
"""Pages on a map: more would cover each other on a screen, and be waited for. See `project`."""

N_NEIGHBOURS = 10
"""Pages that each page is kept close to; documents are short, and umap-learn's 15 keeps fewer of
them: on two small libraries 44 to 47 % of each page's five nearest stay among its five nearest,
with 15 neighbours 40 to 45 %, on the main axes alone 26 to 37 %."""

MIN_UMAP_PAGES = 2 * N_NEIGHBOURS
"""With fewer pages nearly all are neighbours of all, and UMAP shows chance rather than likeness."""

_MIN_DISTANCE = 0.25  # of like pages; with UMAP's 0.1, points could not be hit one by one
_BLOCK = 512  # pages compared with all others at once: 6 MB at MAX_PAGES
_WIDEST_GAP = 0.06  # of a side of the map, without any page
_NO_DIRECTION = 1e-6
_SEED = 0


@dataclass(frozen=True)
class ChosenPages:
    """The pages a map shows.

    Attributes:
        page_ids: in order of document id and page number, at most as many as were asked for.
        n_pages: pages there are; those not chosen are left out evenly.
    """

    page_ids: tuple[str, ...]
    n_pages: int


@dataclass(frozen=True, eq=False)
class PageMeans:
    """Pages as one vector each.

    Attributes:
        page_ids: the pages that have one, in the order given.
        vectors: float32 (n_pages, 128), unit length.
        n_without_vectors: pages left out, because the encoder saw nothing on them.
    """

    page_ids: tuple[str, ...]
    vectors: NDArray[np.float32]
    n_without_vectors: int


def choose_pages(
    index: PageIndex, documents: Sequence[Document], limit: int = MAX_PAGES
) -> ChosenPages:
    """Choose the pages for a map: all, or evenly many of every part of the index.

    Documents come in order of their ids, which are hashes: pages at equal steps through them are a
    fair sample, long documents keep their share, and the same index gives the same pages.

    Args:
        index: where the pages are.
        documents: all of the index, in order of id; those without a path are not searchable, and
            not shown.
        limit: the most pages to choose.
    """
    pages = [
        page_id(document.document_id, number)
        for document in documents
        if document.files
        for number in _stored_pages(index, document)
    ]
    n = len(pages)
    if n > limit:
        pages = [pages[i * n // limit] for i in range(limit)]
    return ChosenPages(tuple(pages), n)


def _stored_pages(index: PageIndex, document: Document) -> list[int]:
    """Numbers of a document's pages in the index, without asking it where the record says so."""
    if document.is_complete and all(failure.page_number for failure in document.failures):
        return list(document.readable_pages)
    return sorted(index.page_numbers(document.document_id))


def page_vectors_mean(read_page: Callable[[str], Page], page_ids: Sequence[str]) -> PageMeans:
    """Read pages and average each one's vectors.

    One page is held at a time. A page of 832 vectors takes 0.5 ms from a folder, and from a
    server as long as a request.

    Args:
        read_page: gives the page of an id, as `PageIndex.page` does.
        page_ids: the pages to read. One that an ingest deleted meanwhile is left out.
    """
    kept: list[str] = []
    means: list[NDArray[np.float32]] = []
    n_without_vectors = 0
    for name in page_ids:
        try:
            vectors = read_page(name).vectors.vectors
        except WrongUseError:
            continue
        total = vectors.sum(axis=0)  # (128,), points where the mean does
        length = np.linalg.norm(total)
        if length < _NO_DIRECTION:  # no vectors, or such that cancel out
            n_without_vectors += 1
            continue
        kept.append(name)
        means.append(total / length)
    unit = np.stack(means) if means else np.zeros((0, VECTOR_DIM), np.float32)  # (n_pages, 128)
    return PageMeans(tuple(kept), unit, n_without_vectors)


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay pages out on a plane, like beside like; the same pages always the same way.

    UMAP on cosine distance, begun from the two main axes of the vectors (PCA), so that its
    large-scale order is theirs and not chance's. Fewer than MIN_UMAP_PAGES pages stay on those
    axes: two pages make a line, one page is a point in the middle.

    Seconds on one core: 100 pages 0.2, 1,000 pages 1.2, 3,000 pages 3.5, 5,000 pages 6. The first
    map of a process takes 7 more, in which umap-learn is imported and compiled.

    Args:
        vectors: float32 (n_pages, 128), unit length.

    Returns:
        float32 (n_pages, 2), from 0 to 1 on the longer side, the shorter one centred to the same
        scale.

    Raises:
        VectorShapeError: another shape or dtype.
    """
    check_array("Page means", vectors, np.float32, None, VECTOR_DIM)
    axes = _main_axes(vectors)
    if len(vectors) < MIN_UMAP_PAGES:
        return _into_unit_square(axes)
    layout = _main_axes(_umap(vectors, axes))  # turned, so that its length lies across the screen
    return _into_unit_square(_narrow_gaps(layout))


def _main_axes(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """PCA of (n_pages, n) to float32 (n_pages, 2); zeros where the pages do not differ."""
    if not len(vectors):
        return np.zeros((0, 2), np.float32)
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = axes[:, :-3:-1]  # (n, 2), the two largest
    # An axis may point either way: its largest part is positive, on every machine.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    placed: NDArray[np.float32] = (centred @ axes).astype(np.float32)
    return placed


def _umap(vectors: NDArray[np.float32], start: NDArray[np.float32]) -> NDArray[np.float32]:
    """UMAP's layout, float32 (n_pages, 2)."""
    # Copies of a page, and pages that differ along one line only, need room to move apart.
    start = start + np.random.default_rng(_SEED).normal(0, 1e-4, start.shape).astype(np.float32)
    with warnings.catch_warnings():
        # It misses TensorFlow, for a variant of it that is not used here.
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        from umap import UMAP  # seconds, in which its kernels are compiled

        # It misses a search index, which only placing further pages would need.
        warnings.filterwarnings("ignore", "precomputed_knn", UserWarning)
        layout: NDArray[np.float32] = UMAP(
            n_neighbors=N_NEIGHBOURS,
            min_dist=_MIN_DISTANCE,
            metric="cosine",
            init=start,
            random_state=_SEED,
            n_jobs=1,  # what a fixed seed needs; the other cores go on answering searches
            precomputed_knn=(*_nearest(vectors), None),
        ).fit_transform(vectors)
    return layout


def _nearest(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each page's N_NEIGHBOURS nearest, itself first: rows and cosine distances, nearest first.

    Exact, by one matrix product: umap-learn's own way takes three times as long for 4,000 pages
    and, beyond 4,096, compiles an approximate search for half a minute.
    """
    n = len(vectors)
    rows = np.empty((n, N_NEIGHBOURS), np.int32)
    distances = np.empty((n, N_NEIGHBOURS), np.float32)
    for first in range(0, n, _BLOCK):
        block = slice(first, min(first + _BLOCK, n))
        distance = np.clip(1 - vectors[block] @ vectors.T, 0, 2)  # (n_block, n)
        own = np.arange(block.start, block.stop)
        distance[own - first, own] = -1  # a page comes before its copies
        nearest = np.argpartition(distance, N_NEIGHBOURS - 1, axis=1)[:, :N_NEIGHBOURS]
        found = np.take_along_axis(distance, nearest, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        rows[block] = np.take_along_axis(nearest, order, axis=1)
        distances[block] = np.maximum(np.take_along_axis(found, order, axis=1), 0)
    return rows, distances


def _narrow_gaps(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Draw groups together along each axis, where nothing lies between them.

    UMAP lets groups without a common neighbour drift apart; how far means nothing, and leaves no
    room on a screen to see the groups themselves. Their order and inner shape stay as they are.
    """
    order = points.argsort(axis=0, kind="stable")  # (n_pages, 2)
    steps = np.diff(np.take_along_axis(points, order, axis=0), axis=0, prepend=0)
    widest = _WIDEST_GAP * (points.max(axis=0) - points.min(axis=0))
    narrowed = np.empty_like(points)
    moved = np.minimum(steps, widest).cumsum(axis=0, dtype=np.float32)
    np.put_along_axis(narrowed, order, moved, axis=0)
    return narrowed


def _into_unit_square(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move and scale points to 0 to 1, both axes alike, the narrower one in the middle."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max())
    if size < 1e-6:
        return np.full_like(points, 0.5)
    placed: NDArray[np.float32] = (points - (low + high) / 2) / np.float32(size) + np.float32(0.5)
    return placed
