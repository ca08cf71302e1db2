"""What is shown of a page that could not be drawn: where its words stand, as grey bars."""

from PIL import Image, ImageDraw

from index.pages import PageWords

_PAPER, _BAR = (255, 255, 255), (221, 221, 221)


def words_as_bars(words: PageWords, size_px: tuple[int, int]) -> Image.Image:
    """A white page with a bar for each word; no script needs a font for it.

    Args:
        words: of the page.
        size_px: width and height of the picture.
    """
    picture = Image.new("RGB", size_px, _PAPER)
    draw = ImageDraw.Draw(picture)
    width_px, height_px = size_px
    for x0, y0, x1, y1 in words.boxes.tolist():
        draw.rectangle((x0 * width_px, y0 * height_px, x1 * width_px, y1 * height_px), fill=_BAR)
    return picture
