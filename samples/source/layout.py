"""How a sample document looks: fonts, paragraph styles, tables, running heads.

Every font is embedded, so that a page looks the same on every machine. The Latin ones come with
matplotlib; the East Asian ones are the subsets in `samples/fonts`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_RIGHT
from reportlab.lib.fonts import addMapping
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

FONT_FOLDER = Path(__file__).parents[1] / "fonts"
INK = HexColor("#1d2733")
GREY = HexColor("#66727f")
AUTHOR = "Pagelens samples"
SUBJECT = "A sample document to try page search with"
PALE = HexColor("#eef2f5")

_LATIN_FONTS = {
    "Serif": "STIXGeneral",
    "Serif-Bold": "STIXGeneralBol",
    "Serif-Italic": "STIXGeneralItalic",
    "Sans": "DejaVuSans",
    "Sans-Bold": "DejaVuSans-Bold",
    "Sans-Italic": "DejaVuSans-Oblique",
}

EAST_ASIAN_FONTS = {
    "Japanese": FONT_FOLDER / "japanese.ttf",
    "Chinese": FONT_FOLDER / "chinese.ttf",
}


def latin_font_file(name: str) -> Path:
    """The file of a font that matplotlib brings along."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"


def register_fonts() -> None:
    """Make the fonts known to reportlab under the short names used here."""
    for name, file_name in _LATIN_FONTS.items():
        pdfmetrics.registerFont(TTFont(name, latin_font_file(file_name)))
    for name, path in EAST_ASIAN_FONTS.items():
        pdfmetrics.registerFont(TTFont(name, path))
        addMapping(name, 0, 0, name)
    for family in ("Serif", "Sans"):
        addMapping(family, 0, 0, family)
        addMapping(family, 1, 0, f"{family}-Bold")
        addMapping(family, 0, 1, f"{family}-Italic")
        addMapping(family, 1, 1, f"{family}-Bold")


@dataclass(frozen=True)
class Look:
    """The face of one document.

    Attributes:
        accent: colour of headings and rules, as #rrggbb.
        body: font of running text.
        heading: font of headings and table heads.
        size_pt: size of running text.
    """

    accent: str
    body: str = "Serif"
    heading: str = "Sans-Bold"
    size_pt: float = 10.5

    def style(self, name: str) -> ParagraphStyle:
        """The paragraph style for one of: title, subtitle, h1, h2, body, small, caption, cell."""
        size = self.size_pt
        wrap = "CJK" if self.body in EAST_ASIAN_FONTS else None
        font = {"fontName": self.body, "textColor": INK, "wordWrap": wrap}
        head = {"fontName": self.heading, "textColor": HexColor(self.accent), "wordWrap": wrap}
        styles = {
            "title": {**head, "fontSize": 2.1 * size, "leading": 2.6 * size, "spaceAfter": size},
            "subtitle": {**font, "fontSize": 1.25 * size, "leading": 1.7 * size, "textColor": GREY,
                         "spaceAfter": 1.5 * size},
            "h1": {**head, "fontSize": 1.5 * size, "leading": 1.9 * size, "spaceAfter": 0.6 * size},
            "h2": {**head, "fontSize": 1.08 * size, "leading": 1.5 * size,
                   "spaceBefore": 0.8 * size, "spaceAfter": 0.3 * size},
            "body": {**font, "fontSize": size, "leading": 1.42 * size, "spaceAfter": 0.6 * size,
                     "alignment": 0 if wrap else TA_JUSTIFY},
            "small": {**font, "fontSize": 0.84 * size, "leading": 1.16 * size,
                      "spaceAfter": 0.3 * size},
            "caption": {**font, "fontSize": 0.86 * size, "leading": 1.2 * size, "textColor": GREY,
                        "spaceAfter": size},
            "cell": {**font, "fontSize": 0.92 * size, "leading": 1.2 * size},
        }  # fmt: skip
        return ParagraphStyle(name, **styles[name])

    def text(self, style: str, *paragraphs: str) -> list[Flowable]:
        """Paragraphs of one style; <b> and <i> as in HTML."""
        return [Paragraph(p, self.style(style)) for p in paragraphs]

    def table(
        self,
        rows: Sequence[Sequence[object]],
        widths_pt: Sequence[float],
        numbers_from: int = 1,
    ) -> Table:
        """A ruled table whose first row is its head; columns from `numbers_from` on align right."""
        accent = HexColor(self.accent)
        cell = self.style("cell")
        number = ParagraphStyle("number", parent=cell, alignment=TA_RIGHT)
        table = Table(
            [
                [
                    Paragraph(text, number if i >= numbers_from else cell) if "<" in text else text
                    for i, text in enumerate(map(str, row))
                ]
                for row in rows
            ],
            colWidths=list(widths_pt),
            repeatRows=1,
            spaceBefore=4,
            spaceAfter=6,
        )
        table.setStyle(
            [
                ("FONT", (0, 0), (-1, -1), self.body, cell.fontSize, cell.leading),
                ("FONT", (0, 0), (-1, 0), self.heading, 0.9 * cell.fontSize, cell.leading),
                ("TEXTCOLOR", (0, 0), (-1, -1), INK),
                ("TEXTCOLOR", (0, 0), (-1, 0), accent),
                ("ALIGN", (numbers_from, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LINEABOVE", (0, 0), (-1, 0), 1.2, accent),
                ("LINEBELOW", (0, 0), (-1, 0), 0.6, accent),
                ("LINEBELOW", (0, -1), (-1, -1), 0.8, accent),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, PALE]),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
        return table


def new_canvas(path: Path, title: str, language: str, page_size: tuple[float, float]) -> Canvas:
    """A canvas whose file depends on nothing but what is drawn: no clock, no random ids."""
    rl_config.useA85 = 0  # binary streams: a fifth smaller than ASCII ones
    canvas = Canvas(str(path), pagesize=page_size, invariant=1, pageCompression=1, lang=language)
    canvas.setTitle(title)
    canvas.setAuthor(AUTHOR)
    canvas.setSubject(SUBJECT)
    return canvas


def write_document(
    path: Path,
    title: str,
    language: str,
    look: Look,
    story: list[Flowable],
    *,
    running_head: str,
    n_columns: int = 1,
    page_size: tuple[float, float] = A4,
    margin_pt: float = 62,
    first_page: Callable[[Canvas], float] | None = None,
) -> None:
    """Set a story into pages.

    Args:
        path: the PDF to write.
        title: the title in its metadata.
        language: its language tag.
        look: fonts and colours.
        story: paragraphs, tables and figures in order.
        running_head: a line at the top of every page but the first.
        n_columns: columns of text.
        page_size: width and height in points.
        margin_pt: white around the text.
        first_page: draws the head of the first page and returns its height in points.
    """
    width, height = page_size
    gap = 20.0
    column = (width - 2 * margin_pt - (n_columns - 1) * gap) / n_columns

    def frames(head_height: float) -> list[Frame]:
        tall = height - 2 * margin_pt - head_height
        return [
            Frame(
                margin_pt + i * (column + gap), margin_pt, column, tall,
                leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
            )
            for i in range(n_columns)
        ]  # fmt: skip

    def furniture(canvas: Canvas, page_number: int) -> None:
        canvas.setFillColor(GREY)
        canvas.setFont(look.body, 8.5)
        canvas.drawCentredString(width / 2, margin_pt - 30, str(page_number))
        if page_number > 1:
            canvas.drawString(margin_pt, height - margin_pt + 20, running_head)
            canvas.setStrokeColor(HexColor(look.accent))
            canvas.setLineWidth(0.5)
            y = height - margin_pt + 14
            canvas.line(margin_pt, y, width - margin_pt, y)

    # The head is drawn once for its height, on a canvas that is thrown away.
    head_height = first_page(Canvas("unused")) if first_page else 0.0

    def on_first(canvas: Canvas, _: BaseDocTemplate) -> None:
        if first_page:
            first_page(canvas)
        furniture(canvas, 1)

    def on_later(canvas: Canvas, document: BaseDocTemplate) -> None:
        furniture(canvas, document.page)

    document = BaseDocTemplate(
        str(path), pagesize=page_size, title=title, author=AUTHOR, subject=SUBJECT
    )
    document.addPageTemplates(
        [
            PageTemplate(
                "first", frames(head_height), onPage=on_first, autoNextPageTemplate="rest"
            ),
            PageTemplate("rest", frames(0), onPage=on_later),
        ]
    )
    document.build(
        story,
        canvasmaker=lambda *_, **__: new_canvas(path, title, language, page_size),
    )
