"""Two pages whose crop box is smaller than the media box: proofs with printer's marks outside."""

from pathlib import Path

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

from samples.source.layout import INK, Look, new_canvas

TITLE = "The SI in two pages"
LOOK = Look(accent="#1f6f5c", size_pt=11)
BLEED_PT = 48.0
WIDTH, HEIGHT = A5

CONSTANTS = [
    ("Symbol", "Defining constant", "Exact value", "Unit"),
    ("Δν<sub>Cs</sub>", "hyperfine transition of caesium", "9,192,631,770", "Hz"),
    ("<i>c</i>", "speed of light", "299,792,458", "m/s"),
    ("<i>h</i>", "Planck constant", "6.62607015 × 10<super>−34</super>", "J s"),
    ("<i>e</i>", "elementary charge", "1.602176634 × 10<super>−19</super>", "C"),
    ("<i>k</i>", "Boltzmann constant", "1.380649 × 10<super>−23</super>", "J/K"),
    ("<i>N</i><sub>A</sub>", "Avogadro constant", "6.02214076 × 10<super>23</super>", "1/mol"),
    ("<i>K</i><sub>cd</sub>", "luminous efficacy at 540 THz", "683", "lm/W"),
]

PREFIXES = [
    ("quetta", "Q", 30, "quecto", "q"), ("ronna", "R", 27, "ronto", "r"),
    ("yotta", "Y", 24, "yocto", "y"), ("zetta", "Z", 21, "zepto", "z"),
    ("exa", "E", 18, "atto", "a"), ("peta", "P", 15, "femto", "f"),
    ("tera", "T", 12, "pico", "p"), ("giga", "G", 9, "nano", "n"),
    ("mega", "M", 6, "micro", "µ"), ("kilo", "k", 3, "milli", "m"),
]  # fmt: skip


def _printers_marks(canvas: Canvas, sheet: int) -> None:
    """Cut lines, register marks and colour patches, all outside the crop box."""
    canvas.setStrokeColor(black)
    canvas.setLineWidth(0.4)
    right, top = BLEED_PT + WIDTH, BLEED_PT + HEIGHT
    for x in (BLEED_PT, right):
        canvas.line(x, 8, x, 32)
        canvas.line(x, top + 16, x, top + 40)
    for y in (BLEED_PT, top):
        canvas.line(8, y, 32, y)
        canvas.line(right + 16, y, right + 40, y)
    canvas.circle(right + 24, BLEED_PT + HEIGHT / 2, 7, stroke=1, fill=0)
    for i, colour in enumerate(("#00a0e0", "#e0007a", "#ffe600", "#000000")):
        canvas.setFillColor(HexColor(colour))
        canvas.rect(90 + 22 * i, top + 18, 18, 18, stroke=0, fill=1)
    canvas.setFillColor(black)
    canvas.setFont("Sans", 7)
    canvas.drawString(200, top + 22, f"PRINTER'S PROOF, sheet {sheet} of 2, trim 148 mm by 210 mm")


def _constants(canvas: Canvas) -> None:
    x, y = BLEED_PT + 34, BLEED_PT + HEIGHT - 34
    for style, text in (
        ("h1", "Seven constants, seven units"),
        (
            "body",
            "Since 20 May 2019 no weight and no bar is needed to say what a kilogram or an ampere "
            "is. Seven numbers of nature were fixed for good, and every unit follows from them. "
            "The cylinder of platinum and iridium near Paris, the last object to define a unit, "
            "retired on that day.",
        ),
    ):
        (paragraph,) = LOOK.text(style, text)
        _, tall = paragraph.wrap(WIDTH - 68, 400)
        paragraph.drawOn(canvas, x, y - tall)
        y -= tall + 9
    table = LOOK.table(CONSTANTS, (48, 138, 122, 42), numbers_from=4)
    _, tall = table.wrap(WIDTH - 68, 400)
    table.drawOn(canvas, x, y - tall)
    y -= tall + 16
    (paragraph,) = LOOK.text(
        "body",
        "They make the second, metre, kilogram, ampere, kelvin, mole and candela. The kilogram, "
        "for one, comes from the third line: a joule second is a kilogram metre squared per "
        "second, and metre and second are known from the first two.",
    )
    _, tall = paragraph.wrap(WIDTH - 68, 400)
    paragraph.drawOn(canvas, x, y - tall)


def _prefixes(canvas: Canvas) -> None:
    x, y = BLEED_PT + 34, BLEED_PT + HEIGHT - 34
    for style, text in (
        ("h1", "Prefixes from quecto to quetta"),
        (
            "body",
            "The four outermost names are the youngest: ronna, quetta, ronto and quecto were "
            "adopted in November 2022, mainly because amounts of stored data were about to "
            "outgrow yotta. In the new units the Earth weighs about six ronnagrams.",
        ),
    ):
        (paragraph,) = LOOK.text(style, text)
        _, tall = paragraph.wrap(WIDTH - 68, 400)
        paragraph.drawOn(canvas, x, y - tall)
        y -= tall + 9
    rows = [
        ("Large", "", "Factor", "Small", "", "Factor"),
        *(
            (large, f"<b>{a}</b>", f"10<super>{power}</super>", small, f"<b>{b}</b>",
             f"10<super>−{power}</super>")
            for large, a, power, small, b in PREFIXES
        ),
    ]  # fmt: skip
    table = LOOK.table(rows, (70, 40, 65, 70, 40, 65), numbers_from=6)
    _, tall = table.wrap(WIDTH - 68, 400)
    table.drawOn(canvas, x, y - tall)
    canvas.setFillColor(INK)
    canvas.setFont("Serif", 9.5)
    canvas.drawString(
        x,
        y - tall - 20,
        "Also in use: hecto (100), deca (10), deci (a tenth), centi (a hundredth).",
    )


def make(path: Path) -> None:
    """Write both pages."""
    size = (WIDTH + 2 * BLEED_PT, HEIGHT + 2 * BLEED_PT)
    canvas = new_canvas(path, TITLE, "en", size)
    for sheet, draw in enumerate((_constants, _prefixes), start=1):
        canvas.setCropBox((BLEED_PT, BLEED_PT, BLEED_PT + WIDTH, BLEED_PT + HEIGHT))
        _printers_marks(canvas, sheet)
        draw(canvas)
        canvas.showPage()
    canvas.save()
