"""Four pages with /Rotate 90, 180, 270 and 0, each of them upright when shown."""

from pathlib import Path

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from samples.source.layout import GREY, INK, PALE, Look, new_canvas

TITLE = "Chemical elements: four wall charts"
LOOK = Look(accent="#7a2e5a", size_pt=13)
ACCENT = HexColor(LOOK.accent)
WIDTH, HEIGHT = A4

UPRIGHT = {
    0: (1, 0, 0, 1, 0, 0),
    90: (0, 1, -1, 0, WIDTH, 0),
    180: (-1, 0, 0, -1, WIDTH, HEIGHT),
    270: (0, -1, 1, 0, 0, HEIGHT),
}
"""For each /Rotate, the matrix that takes a point of the shown page to the stored one."""

SYMBOLS = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga",
    "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd",
    "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm",
    "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os",
    "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa",
    "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg",
    "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
]  # fmt: skip

NON_METALS = {
    "H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se",
    "Br", "Kr", "Te", "I", "Xe", "At", "Rn", "Og",
}  # fmt: skip
"""The shaded squares; half-metals are among them."""

FIXED_POINTS = [
    ("Equilibrium hydrogen", "triple point", "13.8033"),
    ("Neon", "triple point", "24.5561"),
    ("Oxygen", "triple point", "54.3584"),
    ("Argon", "triple point", "83.8058"),
    ("Mercury", "triple point", "234.3156"),
    ("Water", "triple point", "273.16"),
    ("Gallium", "melting point", "302.9146"),
    ("Indium", "freezing point", "429.7485"),
    ("Tin", "freezing point", "505.078"),
    ("Zinc", "freezing point", "692.677"),
    ("Aluminium", "freezing point", "933.473"),
    ("Silver", "freezing point", "1234.93"),
    ("Gold", "freezing point", "1337.33"),
    ("Copper", "freezing point", "1357.77"),
]

DISCOVERIES = [
    ("1669", "Phosphorus", "Hennig Brand boils down urine in Hamburg and gets a glow."),
    ("1766", "Hydrogen", "Henry Cavendish describes inflammable air."),
    ("1774", "Oxygen", "Joseph Priestley heats mercury oxide; Scheele had it earlier."),
    ("1825", "Aluminium", "Hans Christian Ørsted makes the first impure lumps."),
    ("1868", "Helium", "A yellow line shows in the spectrum of the Sun."),
    ("1875", "Gallium", "Lecoq de Boisbaudran finds what Mendeleev had foretold."),
    ("1886", "Germanium", "Clemens Winkler isolates it at Freiberg in Saxony."),
    ("1894", "Argon", "Lord Rayleigh and William Ramsay weigh a lazy gas."),
    ("1898", "Radium", "Marie and Pierre Curie sift tonnes of pitchblende."),
    ("1937", "Technetium", "Perrier and Segrè identify the first man-made element."),
    ("2004", "Nihonium", "Kōsuke Morita's group at RIKEN sees a single atom."),
]

MELTING_POINTS = [
    ("Mercury", -39), ("Gallium", 30), ("Tin", 232), ("Lead", 327), ("Zinc", 420),
    ("Aluminium", 660), ("Silver", 962), ("Gold", 1064), ("Copper", 1085), ("Iron", 1538),
    ("Platinum", 1768), ("Tungsten", 3422),
]  # fmt: skip


def _cell_of(number: int) -> tuple[int, int]:
    """Group 1 to 18 and row 1 to 9 of an element; rows 8 and 9 are the two long series."""
    for first, last, row in ((57, 71, 8), (89, 103, 9)):
        if first <= number <= last:
            return 3 + number - first, row
    noble_gases = (0, 2, 10, 18, 36, 54, 86, 118)
    row = next(i for i, last in enumerate(noble_gases) if number <= last)
    position = number - noble_gases[row - 1]
    length = noble_gases[row] - noble_gases[row - 1]
    is_left = position <= (1 if row == 1 else 2)
    return (position if is_left else 18 - (length - position)), row


def _heading(canvas: Canvas, height: float, title: str, subtitle: str) -> None:
    canvas.setFillColor(ACCENT)
    canvas.setFont("Sans-Bold", 24)
    canvas.drawString(50, height - 70, title)
    canvas.setFillColor(GREY)
    canvas.setFont("Serif", 12.5)
    canvas.drawString(50, height - 92, subtitle)


def _periodic_table(canvas: Canvas) -> None:
    _heading(
        canvas,
        WIDTH,
        "Periodic table",
        "118 elements by atomic number; seven rows, eighteen groups",
    )
    side = 41.0
    for number, symbol in enumerate(SYMBOLS, start=1):
        group, row = _cell_of(number)
        x = 52 + side * (group - 1)
        y = WIDTH - 160 - side * (row - 1) - (14 if row > 7 else 0)
        is_metal = symbol not in NON_METALS
        canvas.setFillColor(PALE if is_metal else HexColor("#f3dfea"))
        canvas.rect(x, y, side - 3, side - 3, stroke=0, fill=1)
        canvas.setFillColor(GREY)
        canvas.setFont("Sans", 7)
        canvas.drawString(x + 3, y + 29, str(number))
        canvas.setFillColor(INK)
        canvas.setFont("Sans-Bold", 14)
        canvas.drawCentredString(x + 19, y + 10, symbol)
    canvas.setFont("Serif", 10.5)
    canvas.setFillColor(GREY)
    canvas.drawString(52, 40, "Shaded in rose: hydrogen, half-metals, halogens and noble gases. "
                              "The last square, oganesson, was named in 2016.")  # fmt: skip


def _fixed_points(canvas: Canvas) -> None:
    _heading(
        canvas,
        HEIGHT,
        "Calibrating a thermometer",
        "The fixed points of the scale ITS-90, in kelvin",
    )
    rows = [("Substance", "State", "Temperature, K"), *FIXED_POINTS]
    table = LOOK.table(rows, (190, 150, 150), numbers_from=2)
    _, tall = table.wrap(500, 700)
    table.drawOn(canvas, 50, HEIGHT - 120 - tall)
    canvas.setFont("Serif", 12.5)
    canvas.setFillColor(INK)
    lines = (
        "A laboratory freezes a very pure metal slowly: while both states are present, the",
        "temperature does not move. The platinum thermometer in the crucible is compared",
        "with the value agreed on. Water is triple at 273.16 kelvin, a hundredth of a degree",
        "above the melting of ice at normal pressure.",
    )
    for i, line in enumerate(lines):
        canvas.drawString(50, HEIGHT - 150 - tall - 20 * i, line)
    canvas.setFillColor(GREY)
    canvas.drawString(50, 50, "Source: Comité international des poids et mesures, ITS-90, 1989.")


def _discoveries(canvas: Canvas) -> None:
    _heading(
        canvas, WIDTH, "Who found them?", "Eleven discoveries out of three and a half centuries"
    )
    canvas.setStrokeColor(ACCENT)
    canvas.setLineWidth(2)
    canvas.line(132, 60, 132, WIDTH - 120)
    for i, (year, element, story) in enumerate(DISCOVERIES):
        y = WIDTH - 140 - 38 * i
        canvas.setFillColor(white)
        canvas.circle(132, y + 4, 6, stroke=1, fill=1)
        canvas.setFillColor(ACCENT)
        canvas.setFont("Sans-Bold", 14)
        canvas.drawRightString(116, y, year)
        canvas.setFillColor(INK)
        canvas.drawString(154, y, element)
        canvas.setFont("Serif", 13)
        canvas.drawString(290, y, story)


def _melting_points(canvas: Canvas) -> None:
    _heading(canvas, HEIGHT, "When metals melt", "Degrees Celsius at normal pressure, rounded")
    for i, (metal, value) in enumerate(MELTING_POINTS):
        y = HEIGHT - 160 - 48 * i
        canvas.setFillColor(INK)
        canvas.setFont("Sans", 12)
        canvas.drawRightString(150, y, metal)
        canvas.setFillColor(HexColor("#c9792e") if value > 0 else HexColor("#2a6fb0"))
        length = 330 * value / 3422
        canvas.rect(min(170, 170 + length), y - 5, max(abs(length), 2), 20, stroke=0, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont("Sans-Bold", 11)
        canvas.drawString(178 + max(length, 0), y, f"{value:,}".replace("-", "−"))


def make(path: Path) -> None:
    """Write the four charts."""
    canvas = new_canvas(path, TITLE, "en", A4)
    for rotation, draw in (
        (90, _periodic_table),
        (180, _fixed_points),
        (270, _discoveries),
        (0, _melting_points),
    ):
        # reportlab swaps the sides of a page turned by a quarter; swap them beforehand.
        canvas.setPageSize((HEIGHT, WIDTH) if rotation in (90, 270) else A4)
        canvas.setPageRotation(rotation)
        canvas.transform(*UPRIGHT[rotation])
        draw(canvas)
        canvas.showPage()
    canvas.save()
