"""Slides, 16:9 landscape: big titles, diagrams, few words."""

from collections.abc import Callable
from math import asin, atan2, cos, degrees, radians, sin
from pathlib import Path

from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfgen.canvas import Canvas

from samples.source.layout import new_canvas

TITLE = "Light: seven slides on what we see"
WIDTH, HEIGHT = 960.0, 540.0
NIGHT, PAPER, SUN = HexColor("#10182b"), HexColor("#f7f8fa"), HexColor("#f2b632")
INK, GREY, BLUE, RED = (HexColor(c) for c in ("#10182b", "#66727f", "#2a6fb0", "#c8452f"))


def _slide(canvas: Canvas, title: str, number: int) -> None:
    canvas.setFillColor(PAPER)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)
    canvas.setFillColor(SUN)
    canvas.rect(60, 420, 64, 6, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont("Sans-Bold", 38)
    canvas.drawString(60, 445, title)
    canvas.setFillColor(GREY)
    canvas.setFont("Sans", 12)
    canvas.drawRightString(WIDTH - 40, 24, str(number))


def _words(
    canvas: Canvas, x: float, y: float, text: str, size: float = 20, font: str = "Sans",
    colour: Color = INK,
) -> None:  # fmt: skip
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def _arrow(canvas: Canvas, x0: float, y0: float, x1: float, y1: float, colour: Color) -> None:
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour)
    canvas.setLineWidth(3)
    canvas.setLineCap(0)
    angle = atan2(y1 - y0, x1 - x0)
    canvas.line(x0, y0, x1 - 8 * cos(angle), y1 - 8 * sin(angle))
    head = canvas.beginPath()
    head.moveTo(x1, y1)
    for side in (2.75, -2.75):
        head.lineTo(x1 + 15 * cos(angle + side), y1 + 15 * sin(angle + side))
    head.close()
    canvas.drawPath(head, stroke=0, fill=1)


def _opening(canvas: Canvas) -> None:
    canvas.setFillColor(NIGHT)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)
    for i in range(9):
        canvas.setFillColor(Color(0.95, 0.71, 0.2, 0.09))
        canvas.circle(760, 280, 60 + 26 * i, stroke=0, fill=1)
    canvas.setFillColor(SUN)
    canvas.circle(760, 280, 62, stroke=0, fill=1)
    _words(canvas, 70, 290, "Light", 84, "Sans-Bold", white)
    _words(canvas, 74, 240, "Seven slides on what we see", 24, "Sans", HexColor("#c9d3e0"))


def _speed(canvas: Canvas) -> None:
    _slide(canvas, "As fast as anything gets", 2)
    _words(canvas, 60, 320, "299,792,458 m/s", 60, "Sans-Bold", BLUE)
    _words(canvas, 60, 280, "exactly, because the metre is defined by it", 20, "Sans", GREY)
    for x, radius, colour, name in (
        (110, 26, BLUE, "Earth"), (430, 11, GREY, "Moon"), (850, 46, SUN, "Sun"),
    ):  # fmt: skip
        canvas.setFillColor(colour)
        canvas.circle(x, 160, radius, stroke=0, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont("Sans", 16)
        canvas.drawCentredString(x, 84, name)
    _arrow(canvas, 145, 160, 412, 160, RED)
    _arrow(canvas, 450, 160, 796, 160, RED)
    _words(canvas, 222, 176, "1.28 seconds", 16)
    _words(canvas, 482, 176, "8 minutes 19 seconds from Earth", 16)


def _history(canvas: Canvas) -> None:
    _slide(canvas, "Who clocked it first?", 3)
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(3)
    canvas.line(80, 235, 880, 235)
    for i, (year, who, how) in enumerate(
        (
            ("1676", "Ole Rømer", "moons of Jupiter"),
            ("1728", "James Bradley", "tilt of starlight"),
            ("1849", "Hippolyte Fizeau", "toothed wheel"),
            ("1862", "Léon Foucault", "spinning mirror"),
            ("1879", "Albert Michelson", "better mirrors"),
        )
    ):
        x = 120 + 175 * i
        canvas.setFillColor(SUN)
        canvas.circle(x, 235, 11, stroke=0, fill=1)
        for dy, font, size, text, colour in (
            (30, "Sans-Bold", 26, year, BLUE),
            (-42, "Sans-Bold", 15, who, INK),
            (-66, "Sans", 14, how, GREY),
        ):
            canvas.setFillColor(colour)
            canvas.setFont(font, size)
            canvas.drawCentredString(x, 235 + dy, text)


def _spectrum(canvas: Canvas) -> None:
    _slide(canvas, "A narrow window", 4)
    bands = ("gamma", "X-rays", "ultraviolet", "visible", "infrared", "microwaves", "radio")
    for i, band in enumerate(bands):
        x = 60 + 120 * i
        canvas.setFillColor(SUN if band == "visible" else HexColor("#dbe3ec"))
        canvas.rect(x, 310, 114, 60, stroke=0, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont("Sans-Bold" if band == "visible" else "Sans", 15)
        canvas.drawCentredString(x + 57, 335, band)
    _words(canvas, 60, 284, "short waves", 14, "Sans", GREY)
    canvas.drawRightString(894, 284, "long waves")
    rainbow = [HexColor(c) for c in ("#5b2a86", "#2a4fb0", "#2aa1b0", "#3a9a4b", "#f2d632",
                                     "#e8842f", "#b0281e")]  # fmt: skip
    for i in range(834):
        position = i / 834 * (len(rainbow) - 1)
        left = rainbow[int(position)]
        right = rainbow[min(int(position) + 1, len(rainbow) - 1)]
        f = position % 1
        canvas.setFillColor(
            Color(*(a + (b - a) * f for a, b in zip(left.rgb(), right.rgb(), strict=True)))
        )
        canvas.rect(60 + i, 140, 1.5, 90, stroke=0, fill=1)
    _words(canvas, 60, 108, "380 nanometres, violet", 18)
    canvas.drawRightString(894, 108, "750 nanometres, red")


def _refraction(canvas: Canvas) -> None:
    _slide(canvas, "Why a straw looks bent", 5)
    canvas.setFillColor(HexColor("#cfe3f3"))
    canvas.rect(60, 60, 480, 160, stroke=0, fill=1)
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(1.2)
    canvas.setDash(5, 4)
    canvas.line(300, 70, 300, 390)
    canvas.setDash()
    incoming = 50.0
    inside = degrees(asin(sin(radians(incoming)) / 1.333))
    reach = 190
    _arrow(
        canvas, 300 - reach * sin(radians(incoming)), 220 + reach * cos(radians(incoming)),
        300, 220, RED,
    )  # fmt: skip
    _arrow(
        canvas, 300, 220,
        300 + 150 * sin(radians(inside)), 220 - 150 * cos(radians(inside)), RED,
    )  # fmt: skip
    _words(canvas, 76, 232, "air", 16, "Sans", GREY)
    _words(canvas, 76, 194, "water", 16, "Sans", BLUE)
    _words(canvas, 232, 300, f"{incoming:.0f}°", 18)
    _words(canvas, 314, 130, f"{inside:.0f}°", 18)
    _words(canvas, 590, 350, "Refractive index", 20, "Sans-Bold")
    for i, (name, value) in enumerate(
        (("air", "1.0003"), ("water", "1.333"), ("crown glass", "1.52"), ("diamond", "2.417"))
    ):
        y = 305 - 42 * i
        _words(canvas, 590, y, name)
        canvas.drawRightString(890, y, value)
        canvas.setStrokeColor(HexColor("#d3dae2"))
        canvas.line(590, y - 12, 890, y - 12)
    _words(canvas, 590, 120, "Snell's law", 18, "Sans-Bold")
    _words(canvas, 590, 90, "n₁ sin α = n₂ sin β", 20)


def _rainbow(canvas: Canvas) -> None:
    _slide(canvas, "Rainbow geometry", 6)
    canvas.setFillColor(HexColor("#dfeaf5"))
    canvas.rect(60, 70, 520, 325, stroke=0, fill=1)
    canvas.setLineWidth(9)
    for i, colour in enumerate(("#b0281e", "#e8842f", "#f2d632", "#3a9a4b", "#2a6fb0", "#5b2a86")):
        canvas.setStrokeColor(HexColor(colour))
        radius = 245 - 9 * i
        canvas.arc(320 - radius, 110 - radius, 320 + radius, 110 + radius, 0, 180)
    canvas.setFillColor(HexColor("#8fae7d"))
    canvas.rect(60, 70, 520, 40, stroke=0, fill=1)
    for i, (number, text) in enumerate(
        (
            ("42°", "from the shadow of your head"),
            ("51°", "for the second, fainter arc"),
            ("1", "bounce inside each drop"),
        )  # fmt: skip
    ):
        y = 330 - 95 * i
        _words(canvas, 620, y, number, 44, "Sans-Bold", BLUE)
        _words(canvas, 620, y - 28, text, 17)


def _inverse_square(canvas: Canvas) -> None:
    _slide(canvas, "Twice as far, a quarter as bright", 7)
    canvas.setFillColor(SUN)
    canvas.circle(110, 230, 22, stroke=0, fill=1)
    for step, label in ((1, "1"), (2, "1/4"), (3, "1/9")):
        x, side = 110 + 220 * step, 44 * step
        canvas.setStrokeColor(GREY)
        canvas.setLineWidth(0.8)
        canvas.setFillColor(Color(0.95, 0.71, 0.2, 0.75 / step**1.3))
        for row in range(step):
            for column in range(step):
                canvas.rect(x + 44 * column, 230 - side / 2 + 44 * row, 44, 44, stroke=1, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont("Sans-Bold", 24)
        canvas.drawCentredString(x + side / 2, 230 + side / 2 + 18, label)
        canvas.setFont("Sans", 15)
        canvas.setFillColor(GREY)
        canvas.drawCentredString(x + side / 2, 125, f"{step} m")
    canvas.setStrokeColor(Color(0.78, 0.27, 0.18, 0.6))
    for dy in (66, -66):
        canvas.line(130, 230 + dy * 0.05, 770, 230 + dy)
    _words(canvas, 60, 70, "Candle, lamp or star: the same light spreads over a growing area.", 18)


SLIDES: tuple[Callable[[Canvas], None], ...] = (
    _opening, _speed, _history, _spectrum, _refraction, _rainbow, _inverse_square,
)  # fmt: skip


def make(path: Path) -> None:
    """Write the seven slides."""
    canvas = new_canvas(path, TITLE, "en", (WIDTH, HEIGHT))
    for slide in SLIDES:
        slide(canvas)
        canvas.showPage()
    canvas.save()
