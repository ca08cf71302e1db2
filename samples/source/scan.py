"""A document as a scanner leaves it: grey, tilted, noisy JPEG pages without a text layer."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader

from samples.source.layout import latin_font_file, new_canvas

TITLE = "Scanned notes"
DPI = 110
WIDTH_PX, HEIGHT_PX = round(A4[0] * DPI / 72), round(A4[1] * DPI / 72)
JPEG_QUALITY = 38
SUPERSAMPLING = 2

PAGES = [
    (
        "DejaVuSansMono", 21, 0.8,
        "APOLLO 11: LOG OF THE FLIGHT",
        """16 July 1969, 13:32 UTC. The Saturn V leaves pad 39A at Cape Kennedy with Armstrong,
Collins and Aldrin on board.

19 July. The engine brakes behind the Moon; the ship is in orbit.

20 July, 20:17 UTC. The lunar module Eagle sets down in the Sea of Tranquility with little fuel to
spare.

21 July, 02:56 UTC. Neil Armstrong steps down the ladder. The walk lasts two and a half hours.
About 21.6 kilograms of rock and soil are packed into boxes.

21 July, 17:54 UTC. Take-off from the surface. Michael Collins has meanwhile flown the command
module Columbia alone.

24 July, 16:50 UTC. Splashdown in the Pacific. USS Hornet picks up the crew, who go into
quarantine.""",
    ),
    (
        "STIXGeneral", 27, -0.7,
        "The loudest sound on record",
        """On the morning of 27 August 1883 the volcano Krakatoa, in the strait between Java and
Sumatra, blew itself to pieces. Two thirds of the island vanished.

The police chief on Rodrigues, some 4,800 kilometres away across the Indian Ocean, wrote down that
he heard the roar of heavy guns from the east. He was listening to the eruption, four hours late.

Barometers around the world jumped as the wave of pressure went by, and jumped again when it came
round from the other side.

More than 36,000 people died, most of them in the tsunamis that struck the coasts. Dust in the
high air coloured sunsets red for months, as far as Europe and America.""",
    ),
    (
        "STIXGeneral", 27, 1.1,
        "How long is a metre?",
        """In 1791 the French Academy of Sciences chose one ten-millionth of the way from the pole
to the equator.

Two astronomers, Delambre and Mechain, spent seven years measuring the arc from Dunkirk to
Barcelona, through revolution and war.

In 1889 a bar of platinum and iridium became the standard. It was kept in a vault at Sevres near
Paris, and thirty copies were shared out by lot.

In 1960 the bar was replaced by the orange light of krypton: the metre became 1,650,763.73 of its
wavelengths.

Since 1983 it has been the way that light travels in 1/299,792,458 of a second.""",
    ),
    (
        "DejaVuSansMono", 21, -1.0,
        "LARGE TELESCOPES",
        """Yerkes refractor, Wisconsin
   1897, lens of 1.02 metres. No larger
   lens has ever served research.

Hooker telescope, Mount Wilson
   1917, mirror of 2.5 metres. Here Edwin
   Hubble found that Andromeda is a
   galaxy of its own.

Hale telescope, Mount Palomar
   1948, mirror of 5.1 metres.

Keck I, Mauna Kea
   1993, 36 hexagons make one mirror of
   10 metres.

Very Large Telescope, Cerro Paranal
   1998, the first of four mirrors of
   8.2 metres.""",
    ),
]  # fmt: skip


def _wrap(text: str, font: ImageFont.FreeTypeFont, width_px: float) -> list[str]:
    """Break paragraphs into lines; an indented line stays as it is."""
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        line = ""
        for written in paragraph.split("\n"):
            is_indented = written.startswith(" ")
            for word in [written] if is_indented else written.split():
                longer = f"{line} {word}" if line else word
                if line and (is_indented or font.getlength(longer) > width_px):
                    lines.append(line)
                    longer = word
                line = longer
        lines += [line, ""]
    return lines


def _scan_page(font_name: str, size_px: float, tilt_degrees: float, head: str, text: str) -> bytes:
    """Typeset one page, tilt it, add the scanner's shadow and noise, and compress it."""
    scale = SUPERSAMPLING
    sheet = Image.new("L", (WIDTH_PX * scale, HEIGHT_PX * scale), 244)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(
        str(latin_font_file(font_name)), size_px * scale, layout_engine=ImageFont.Layout.BASIC
    )
    bold_file = latin_font_file(
        {"STIXGeneral": "STIXGeneralBol"}.get(font_name, f"{font_name}-Bold")
    )
    head_font = ImageFont.truetype(
        str(bold_file), 1.4 * size_px * scale, layout_engine=ImageFont.Layout.BASIC
    )
    left, y = 90 * scale, 120 * scale
    draw.text((left, y), head, fill=40, font=head_font)
    y += round(3.2 * size_px * scale)
    for line in _wrap(text, font, (WIDTH_PX - 180) * scale):
        draw.text((left, y), line, fill=55, font=font)
        y += round((1.55 if line else 0.9) * size_px * scale)
    sheet = sheet.rotate(tilt_degrees, Image.Resampling.BICUBIC, fillcolor=225)
    sheet = sheet.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX)
    sheet = sheet.filter(ImageFilter.GaussianBlur(0.55))
    noise = np.random.RandomState(1969)  # its stream is frozen for all numpy versions
    grain = noise.randint(-11, 12, (HEIGHT_PX, WIDTH_PX))  # grey levels
    shadow = np.linspace(0, 16, WIDTH_PX) ** 2 // 16  # darker towards the spine, at the right
    grey = np.clip(np.asarray(sheet, np.int32) + grain - shadow, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def make(path: Path) -> None:
    """Write the four scanned pages."""
    canvas = new_canvas(path, TITLE, "en", A4)
    for page in PAGES:
        image = ImageReader(io.BytesIO(_scan_page(*page)))
        canvas.drawImage(image, 0, 0, *A4)
        canvas.showPage()
    canvas.save()
