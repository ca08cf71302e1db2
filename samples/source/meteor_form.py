"""A form to fill in: labels, AcroForm fields, boxes and choices."""

from pathlib import Path

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from samples.source.layout import GREY, INK, PALE, new_canvas

TITLE = "Report of a fireball or bright meteor"
ACCENT = HexColor("#b3541e")
WIDTH, HEIGHT = A4
LEFT, RIGHT = 56.0, WIDTH - 56.0


def _section(canvas: Canvas, y: float, letter: str, title: str) -> None:
    canvas.setFillColor(ACCENT)
    canvas.rect(LEFT, y - 6, 22, 22, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Sans-Bold", 12)
    canvas.drawCentredString(LEFT + 11, y, letter)
    canvas.setFillColor(INK)
    canvas.drawString(LEFT + 32, y, title)


def _field(
    canvas: Canvas, x: float, y: float, label: str, name: str, width: float, tall: float = 22
) -> None:
    canvas.setFillColor(GREY)
    canvas.setFont("Sans", 8.5)
    canvas.drawString(x, y + tall + 4, label)
    canvas.acroForm.textfield(
        name=name, tooltip=label, x=x, y=y, width=width, height=tall, fontSize=10,
        borderColor=GREY, fillColor=PALE, textColor=INK, borderWidth=0.5, forceBorder=True,
        fieldFlags="multiline" if tall > 30 else "",
    )  # fmt: skip


def _boxes(canvas: Canvas, y: float, question: str, name: str, answers: tuple[str, ...]) -> None:
    canvas.setFillColor(INK)
    canvas.setFont("Sans", 10)
    canvas.drawString(LEFT, y, question)
    step = (RIGHT - LEFT) / len(answers)
    for i, answer in enumerate(answers):
        x = LEFT + step * i
        canvas.acroForm.checkbox(
            name=f"{name}_{i + 1}", tooltip=f"{question} {answer}", x=x, y=y - 26, size=14,
            borderColor=GREY, fillColor=PALE, borderWidth=0.5, buttonStyle="check",
        )  # fmt: skip
        canvas.setFillColor(INK)
        canvas.setFont("Sans", 9.5)
        canvas.drawString(x + 20, y - 23, answer)


def _observer(canvas: Canvas) -> None:
    canvas.setFillColor(ACCENT)
    canvas.setFont("Sans-Bold", 21)
    canvas.drawString(LEFT, HEIGHT - 76, "Fireball report")
    canvas.setFillColor(GREY)
    canvas.setFont("Serif", 12)
    canvas.drawString(
        LEFT,
        HEIGHT - 96,
        "For everybody who saw a meteor brighter than Venus. Please use one form per sighting.",
    )
    _section(canvas, HEIGHT - 140, "A", "Who saw it, and from where")
    _field(canvas, LEFT, HEIGHT - 200, "Family name", "family_name", 230)
    _field(canvas, LEFT + 250, HEIGHT - 200, "Given name", "given_name", 233)
    _field(canvas, LEFT, HEIGHT - 252, "E-mail or telephone", "contact", 230)
    _field(canvas, LEFT + 250, HEIGHT - 252, "Nearest town and country", "town", 233)
    _field(canvas, LEFT, HEIGHT - 304, "Latitude, degrees", "latitude", 140)
    _field(canvas, LEFT + 160, HEIGHT - 304, "Longitude, degrees", "longitude", 140)
    _section(canvas, HEIGHT - 356, "B", "When")
    _field(canvas, LEFT, HEIGHT - 416, "Date (year-month-day)", "date", 140)
    _field(canvas, LEFT + 160, HEIGHT - 416, "Time, with time zone", "time", 140)
    _field(canvas, LEFT + 320, HEIGHT - 416, "How long was it visible, seconds", "duration_s", 163)
    _boxes(canvas, HEIGHT - 452, "How sure are you of the time?", "time_is",
           ("to the minute", "to five minutes", "to the hour"))  # fmt: skip
    _section(canvas, HEIGHT - 526, "C", "How the sky was")
    _boxes(
        canvas,
        HEIGHT - 556,
        "Clouds",
        "clouds",
        ("none", "a few", "half the sky", "mostly covered"),
    )
    _boxes(
        canvas,
        HEIGHT - 612,
        "Moonlight",
        "moon",
        ("no Moon", "crescent", "half", "full or nearly so"),
    )
    canvas.setFillColor(GREY)
    canvas.setFont("Serif", 10)
    canvas.drawRightString(RIGHT, 40, "Continued overleaf")


def _sighting(canvas: Canvas) -> None:
    _section(canvas, HEIGHT - 80, "D", "What it looked like")
    _boxes(canvas, HEIGHT - 112, "Brightness, compared with", "brightness",
           ("Venus", "crescent Moon", "full Moon", "brighter still"))  # fmt: skip
    _boxes(canvas, HEIGHT - 168, "Colour", "colour", ("white", "yellow", "green", "blue", "red"))
    _boxes(
        canvas,
        HEIGHT - 224,
        "Did it break apart?",
        "fragments",
        ("no", "two or three pieces", "many"),
    )
    _boxes(
        canvas,
        HEIGHT - 280,
        "Did a trail remain?",
        "trail",
        ("no", "for a few seconds", "for minutes"),
    )
    _boxes(canvas, HEIGHT - 336, "Did you hear a boom or thunder?", "sound",
           ("no", "at the same time", "minutes later"))  # fmt: skip
    _section(canvas, HEIGHT - 410, "E", "Path across the sky")
    for i, moment in enumerate(("start", "end")):
        y = HEIGHT - 470 - 52 * i
        _field(canvas, LEFT, y, f"Compass direction at the {moment}", f"direction_{moment}", 230)
        _field(canvas, LEFT + 250, y, f"Height above the horizon at the {moment}, degrees",
               f"height_{moment}", 233)  # fmt: skip
    _section(canvas, HEIGHT - 574, "F", "Anything else")
    _field(canvas, LEFT, HEIGHT - 700, "Sketch in words, photographs, other witnesses", "remarks",
           RIGHT - LEFT, 92)  # fmt: skip
    canvas.setFillColor(GREY)
    canvas.setFont("Serif", 10.5)
    for i, line in enumerate(
        (
            "A fist at arm's length spans about ten degrees. If a stone may have fallen near "
            "you, do not touch it",
            "with bare hands: wrap it in clean aluminium foil and write down the exact place.",
        )
    ):
        canvas.drawString(LEFT, 86 - 15 * i, line)


def make(path: Path) -> None:
    """Write the two pages of the form."""
    canvas = new_canvas(path, TITLE, "en", A4)
    for draw in (_observer, _sighting):
        draw(canvas)
        canvas.showPage()
    canvas.save()
