"""A page as a query: what "more like this page" and a search by image ask for.

A page has hundreds of vectors, and phase 1 takes time for each: 832 of them would cost what sixty
text queries cost. So a few stand for it. For a model that sees images they are the coarsest cells,
those of the view of the whole page: each has seen its surroundings, and together they say what the
page looks like at large, which is what "like this" asks; tile cells say what single lines look
like. For an encoder that reads words they are the page's most frequent ones, without function
words.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from index.pages import Page, PageVectors, QueryVectors
from index.words.cut import cut
from index.words.stop_words import is_stop_word
from query.heat.merging import COARSER

MAX_TOKENS = 64  # the view of the whole page in ColSmol and its relatives: 8 by 8 cells


def frequent_words(page: Page) -> str:
    """The words a page has most often, at most MAX_TOKENS, the most frequent first; "" for none.

    Function words and single letters are left out; of equally frequent words the earlier counts.
    """
    terms = (token.term for token in cut(page.words.text))
    telling = Counter(text for text in terms if len(text) > 1 and not is_stop_word(text))
    return " ".join(text for text, _ in telling.most_common(MAX_TOKENS))


def look_of(vectors: PageVectors, text: str) -> QueryVectors:
    """What a page looks like at large, as a query of at most MAX_TOKENS tokens.

    Args:
        vectors: of the page or image.
        text: what a ranking that reads text is to look for.

    Returns:
        The vectors of the coarsest cells, evenly chosen where there are more; a token's text is
        the middle of its cell in percent of the page, from the left and from the top.
    """
    boxes, vector_index = vectors.patch_map.boxes, vectors.patch_map.vector_index
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])  # (n_cells,)
    coarsest = np.flatnonzero(area * COARSER >= area.max(initial=0.0))
    rows, first = np.unique(vector_index[coarsest], return_index=True)
    if len(rows) > MAX_TOKENS:
        chosen = np.linspace(0, len(rows) - 1, MAX_TOKENS).round().astype(np.intp)
        rows, first = rows[chosen], first[chosen]
    return QueryVectors(
        text,
        vectors.vectors[rows],
        tuple(_middle(box) for box in boxes[coarsest[first]]),
        np.ones(len(rows), np.bool_),
    )


def _middle(box: NDArray[np.float32]) -> str:
    x0, y0, x1, y1 = box.tolist()
    return f"{50 * (x0 + x1):.0f}, {50 * (y0 + y1):.0f}"
