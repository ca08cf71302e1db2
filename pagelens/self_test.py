"""Does a model rank at all? A few drawn pages and their queries, once for each revision.

Weights that are untrained, damaged or paired with the wrong base load without a word and give unit
vectors like any others; only what they find is noise. Four pages in large type that say plainly
what they are about tell the two apart: by chance three or more of four queries find their own page
in one of twenty models. The result is kept for the next run, in the user's cache.
"""

import json
import textwrap
from pathlib import Path

import platformdirs
from PIL import Image, ImageDraw, ImageFont

from encoders.interface import Encoder, PageInput
from index.maxsim import float_maxsim
from index.pages import Fingerprint, PageWords

PAGES = {
    "train departure times": "TRAIN TIMETABLE  Departure 08:15 platform 4, arrival 09:40",
    "chocolate cake recipe": "CHOCOLATE CAKE  Mix butter, sugar, eggs and cocoa",
    "quarterly revenue of the company": "REVENUE REPORT  Sales grew by 12 % in the third quarter",
    "moons of the planet Jupiter": "JUPITER  Its four largest moons were seen first in 1610",
}
"""Query to what its page says."""

LEAST_RIGHT = 3  # of the four
_SHAPE = (4.0, 1.0)  # wide: few tiles, most of them blank
_MARGIN, _LETTER, _LINE = 0.08, 0.1, 0.15  # of the page's height
_LETTERS_A_LINE = 14
_RESULTS = "self-tests.json"


def looks_trained(encoder: Encoder) -> bool:
    """Whether the model finds the right page for at least LEAST_RIGHT of the queries.

    As long as a page the first time, a look into a file from then on. No published weights were
    at hand to calibrate it with: what it says is a reason to look, never to refuse.
    """
    known = remembered_result(encoder.fingerprint)
    if known is None:
        known = _n_right(encoder) >= LEAST_RIGHT
        _remember(encoder.fingerprint, known)
    return known


def untrained_warning(encoder: Encoder) -> str | None:
    """What to tell the user of a model that fails its self-test; None of any other encoder."""
    made_with = encoder.fingerprint
    if made_with.encoder != "colsmol" or looks_trained(encoder):
        return None
    return (
        f"The model {made_with.model} looks untrained, damaged or paired with the wrong base: of "
        f"{len(PAGES)} drawn pages it does not find {LEAST_RIGHT} by what they say. The run goes "
        "on; look at what a few queries find before you rely on it."
    )


def remembered_result(fingerprint: Fingerprint) -> bool | None:
    """What the self-test of these weights with these strings said, None where it never ran here."""
    return _results().get(_key(fingerprint))


def _n_right(encoder: Encoder) -> int:
    pages = [_page(encoder, text) for text in PAGES.values()]
    vectors = [page.vectors for page in encoder.encode_pages(pages)]
    n_right = 0
    for i, query in enumerate(PAGES):
        tokens = encoder.encode_query(query).vectors
        scores = [float_maxsim(tokens, page) for page in vectors]
        n_right += scores.index(max(scores)) == i
    return n_right


def _page(encoder: Encoder, text: str) -> PageInput:
    """A page with the text in its first tile, in letters a tenth of its height."""
    image = Image.new("RGB", encoder.page_size_px(*_SHAPE), "white")
    unit_px = image.height
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=_LETTER * unit_px)
    for i, line in enumerate(textwrap.wrap(text, _LETTERS_A_LINE)):
        place = (_MARGIN * unit_px, (_MARGIN + i * _LINE) * unit_px)
        draw.text(place, line, fill="black", font=font)
    return PageInput(image, PageWords.none())


def _key(fingerprint: Fingerprint) -> str:
    return f"{fingerprint.revision} {fingerprint.prompts}"


def _file() -> Path:
    return platformdirs.user_cache_path("pagelens") / _RESULTS


def _results() -> dict[str, bool]:
    """What is remembered; nothing where the file is not there or cannot be read."""
    try:
        results = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): bool(v) for k, v in results.items()} if isinstance(results, dict) else {}


def _remember(fingerprint: Fingerprint, result: bool) -> None:
    """Keep a result; where the cache cannot be written, the next run finds out again."""
    file = _file()
    draft = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(_results() | {_key(fingerprint): result}), encoding="utf-8")
        draft.replace(file)
    except OSError:
        pass
