"""A report with charts and tables: line, bar, ring, scatter, profile; A4, one column."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Spacer

from samples.source.figure import CHART_STYLE, Chart
from samples.source.layout import Look, write_document

TITLE = "Planet Earth in Figures"
LOOK = Look(accent="#14507a", size_pt=12)
BLUE, ORANGE, GREEN, SAND = "#14507a", "#d9822b", "#3a8a6b", "#c9b38c"

CARBON_DIOXIDE_PPM = {
    1960: 317, 1965: 320, 1970: 326, 1975: 331, 1980: 339, 1985: 346, 1990: 354,
    1995: 361, 2000: 370, 2005: 380, 2010: 390, 2015: 401, 2020: 414,
}  # fmt: skip
"""Annual means at Mauna Loa, whole parts per million (NOAA Global Monitoring Laboratory)."""

OCEANS = [
    ("Pacific", "161.76", "660.0", "4,080"),
    ("Atlantic", "85.13", "310.4", "3,646"),
    ("Indian", "70.56", "264.0", "3,741"),
    ("Southern", "21.96", "71.8", "3,270"),
    ("Arctic", "15.56", "18.8", "1,205"),
]

EIGHT_THOUSANDERS = [
    ("Everest", 8849, 1953), ("K2", 8611, 1954), ("Kangchenjunga", 8586, 1955),
    ("Lhotse", 8516, 1956), ("Makalu", 8485, 1955), ("Cho Oyu", 8188, 1954),
    ("Dhaulagiri I", 8167, 1960), ("Manaslu", 8163, 1956), ("Nanga Parbat", 8126, 1953),
    ("Annapurna I", 8091, 1950),
]  # fmt: skip

EARTHQUAKES = [
    (1960, 9.5, "Valdivia, Chile"), (1964, 9.2, "Prince William Sound, Alaska"),
    (2004, 9.1, "Sumatra, Indonesia"), (2011, 9.1, "Tōhoku, Japan"),
    (1952, 9.0, "Kamchatka, Russia"), (2010, 8.8, "Maule, Chile"),
    (1906, 8.8, "off Ecuador"), (1965, 8.7, "Rat Islands, Alaska"),
    (1950, 8.6, "Assam and Tibet"),
]  # fmt: skip


def _chart(height_in: float, width_in: float = 6.5) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.add_subplot()


def _cover(canvas: Canvas) -> float:
    width, height = A4
    canvas.setFillColor(HexColor(BLUE))
    canvas.rect(0, height - 250, width, 250, stroke=0, fill=1)
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(0, height - 250, width, 250)
    canvas.clipPath(clip, stroke=0, fill=0)
    canvas.setStrokeColor(white)
    canvas.setStrokeAlpha(0.35)
    canvas.setLineWidth(1)
    for step in range(7):  # a globe: meridians as ever narrower ellipses
        half = 150 * (1 - step / 6)
        canvas.ellipse(450 - half, height - 300, 450 + half, height)
    for y in range(-300, 1, 30):
        half = (150**2 - (y + 150) ** 2) ** 0.5
        canvas.line(450 - half, height + y, 450 + half, height + y)
    canvas.restoreState()
    canvas.setFillColor(white)
    canvas.setFont("Sans-Bold", 32)
    canvas.drawString(62, height - 135, "Planet Earth")
    canvas.drawString(62, height - 175, "in Figures")
    canvas.setFont("Serif", 14)
    canvas.drawString(62, height - 208, "Air, oceans, mountains and the ground below")
    return 225.0


def _overview() -> list[Flowable]:
    rows = [
        ("Quantity", "Value", "Unit"),
        ("Equatorial radius", "6,378.1", "km"),
        ("Polar radius", "6,356.8", "km"),
        ("Mass", "5.972 × 10<super>24</super>", "kg"),
        ("Mean density", "5.51", "g/cm³"),
        ("Surface area", "510", "million km²"),
        ("Mean distance from the Sun", "149.6", "million km"),
        ("Tilt of the axis", "23.44", "degrees"),
        ("Sidereal day", "23 h 56 min 4 s", ""),
    ]
    return [
        *LOOK.text("h1", "What this report holds"),
        *LOOK.text(
            "body",
            "Seven pages gather numbers that every atlas should open with. Each topic has one "
            "page: first a short text, then a chart, then the table the chart was drawn from. "
            "The figures are rounded to what a reader can use, and the source stands at the foot "
            "of its page.",
            "The body of the planet comes first. It is not quite a ball: the distance from the "
            "centre to the equator exceeds the distance to the poles by about 21 kilometres, "
            "because rotation pushes the waist outwards.",
        ),
        *LOOK.text("h2", "Size, mass and motion"),
        LOOK.table(rows, (220, 150, 100)),
        *LOOK.text("caption", "Source: NASA Goddard Space Flight Center, Earth Fact Sheet."),
    ]


def _air() -> list[Flowable]:
    figure = Figure(figsize=(6.5, 3.3), layout="constrained")
    ring, profile = figure.subplots(1, 2, width_ratios=(1, 1.25))
    ring.pie(
        [78.08, 20.95, 0.97],
        colors=[BLUE, "#7fb0d3", ORANGE],
        startangle=90,
        wedgeprops={"width": 0.38, "edgecolor": "white"},
    )
    ring.text(0, 0, "dry air", ha="center", va="center", fontsize=10, weight="bold")
    for x, y, label in (
        (0.75, -1.2, "nitrogen 78 %"),
        (-0.85, 1.12, "oxygen 21 %"),
        (0.75, 1.12, "others 1 %"),
    ):
        ring.text(x, y, label, ha="center")
    profile.plot([15, -56.5, -56.5, -44.5, -2.5], [0, 11, 20, 32, 47], color=ORANGE, linewidth=2)
    profile.set(xlabel="temperature, °C", ylabel="altitude, km", ylim=(0, 50), xlim=(-65, 22))
    profile.text(-35, 4, "troposphere", color=BLUE, ha="right")
    profile.text(-29, 25, "stratosphere", color=BLUE)
    rows = [
        ("Altitude, km", "Temperature, °C", "Pressure, hPa", "Of sea level"),
        ("0", "15.0", "1,013.25", "100 %"),
        ("1", "8.5", "898.8", "89 %"),
        ("2", "2.0", "795.0", "78 %"),
        ("5", "−17.5", "540.2", "53 %"),
        ("11", "−56.5", "226.3", "22 %"),
        ("20", "−56.5", "54.7", "5.4 %"),
    ]
    return [
        *LOOK.text("h1", "The air"),
        *LOOK.text(
            "body",
            "Two gases make up 99 hundredths of dry air. Most of what is left is argon, 0.93 per "
            "cent by volume; carbon dioxide has about four parts in ten thousand. Water vapour "
            "comes on top, from almost nothing over the ice sheets to some four per cent in the "
            "wet tropics.",
            "Going up, it grows colder by 6.5 degrees per kilometre until the tropopause. Above it "
            "the ozone layer takes up ultraviolet light, and the thermometer climbs again. Half of "
            "the whole mass of air lies below about five and a half kilometres.",
        ),
        Chart(figure),
        *LOOK.text(
            "caption", "Figure 1. Left: composition by volume. Right: the standard profile."
        ),
        *LOOK.text("h2", "Standard atmosphere"),
        LOOK.table(rows, (100, 115, 115, 140), numbers_from=0),
        *LOOK.text("caption", "Source: U.S. Standard Atmosphere, 1976 (equal to ISO 2533 here)."),
    ]


def _carbon_dioxide() -> list[Flowable]:
    years, values = list(CARBON_DIOXIDE_PPM), list(CARBON_DIOXIDE_PPM.values())
    figure, axes = _chart(3.7)
    axes.fill_between(years, 300, values, color=ORANGE, alpha=0.15, linewidth=0)
    axes.plot(years, values, color=ORANGE, linewidth=2, marker="o", markersize=4)
    axes.set(ylim=(300, 425), xlim=(1958, 2022), ylabel="parts per million", xlabel="year")
    axes.annotate("414", (2020, 414), (-20, 1), textcoords="offset points", weight="bold")
    axes.annotate("317", (1960, 317), (-3, 8), textcoords="offset points", weight="bold")
    growth, bars = _chart(2.5)
    decades = [
        (y, CARBON_DIOXIDE_PPM[y + 10] - CARBON_DIOXIDE_PPM[y]) for y in range(1960, 2020, 10)
    ]
    drawn = bars.bar([f"{y}s" for y, _ in decades], [g for _, g in decades], color=BLUE, width=0.6)
    bars.bar_label(drawn, padding=2)
    bars.set(ylabel="rise, ppm", ylim=(0, 29))
    bars.grid(visible=False, axis="x")
    return [
        *LOOK.text("h1", "The Keeling curve"),
        *LOOK.text(
            "body",
            "In March 1958 Charles David Keeling began to measure carbon dioxide on the Hawaiian "
            "volcano Mauna Loa, 3,397 metres above the sea and far from chimneys and forests. The "
            "record has been kept up ever since and is the longest of its kind.",
            "Every year the value swings by a few parts per million, since the woods of the "
            "northern hemisphere breathe in during summer. Averaged over the year that swing "
            "disappears and the climb remains.",
        ),
        Chart(figure),
        *LOOK.text(
            "caption", "Figure 2. Annual mean of carbon dioxide at Mauna Loa, every five years."
        ),
        Chart(growth),
        *LOOK.text(
            "caption",
            "Figure 3. Rise within each decade. Source: NOAA Global Monitoring Laboratory, annual "
            "means rounded to whole ppm.",
        ),
    ]


def _oceans() -> list[Flowable]:
    figure, axes = _chart(3.6)
    names = [row[0] for row in OCEANS][::-1]
    drawn = axes.barh(names, [float(row[1]) for row in OCEANS][::-1], color=BLUE, height=0.6)
    axes.bar_label(drawn, padding=3)
    axes.set(xlabel="area, million km²", xlim=(0, 185))
    axes.grid(visible=False, axis="y")
    rows = [("Ocean", "Area, million km²", "Volume, million km³", "Mean depth, m"), *OCEANS]
    return [
        *LOOK.text("h1", "Five oceans"),
        *LOOK.text(
            "body",
            "Salt water covers 361.9 million square kilometres, 71 per cent of the globe, and "
            "would fill a cube with edges of about 1,100 kilometres. The Pacific alone is larger "
            "than all dry land together. The shallowest of the five lies around the North Pole.",
            "The deepest known place is the Challenger Deep in the Mariana Trench, close to eleven "
            "kilometres under the surface. Jacques Piccard and Don Walsh went down there first, on "
            "23 January 1960, in the bathyscaphe <i>Trieste</i>.",
        ),
        Chart(figure),
        *LOOK.text("caption", "Figure 4. Areas of the oceans without their marginal seas."),
        LOOK.table(rows, (120, 115, 125, 110)),
        *LOOK.text(
            "caption",
            "Source: B. W. Eakins and G. F. Sharman, Volumes of the World's Oceans from ETOPO1, "
            "NOAA National Geophysical Data Center, 2010.",
        ),
    ]


def _mountains() -> list[Flowable]:
    figure, axes = _chart(3.1)
    drawn = axes.bar(
        [name for name, _, _ in EIGHT_THOUSANDERS],
        [height for _, height, _ in EIGHT_THOUSANDERS],
        color=[GREEN] + [SAND] * 9,
        width=0.65,
    )
    axes.bar_label(drawn, padding=2, fontsize=7)
    axes.set(ylim=(7800, 8990), ylabel="metres above sea level")
    axes.tick_params(axis="x", rotation=32, labelsize=7)
    axes.grid(visible=False, axis="x")
    rows = [
        ("Mountain", "Height, m", "First ascent"),
        *((name, f"{height:,}", year) for name, height, year in EIGHT_THOUSANDERS),
    ]
    return [
        *LOOK.text("h1", "The ten highest summits"),
        *LOOK.text(
            "body",
            "All fourteen peaks of more than 8,000 metres stand in the Himalaya and the Karakoram. "
            "Maurice Herzog and Louis Lachenal were the first people on top of one of them, "
            "Annapurna, in June 1950. Edmund Hillary and Tenzing Norgay followed on Everest three "
            "years later. The height of Everest used here, 8,848.86 metres, was published "
            "jointly by China and Nepal in December 2020.",
        ),
        Chart(figure),
        *LOOK.text(
            "caption", "Figure 5. The axis starts at 7,800 metres: the bars show differences only."
        ),
        LOOK.table(rows, (200, 120, 120)),
        *LOOK.text("caption", "Source: survey figures in general use; heights rounded to metres."),
    ]


def _interior() -> list[Flowable]:
    figure = Figure(figsize=(6.5, 3.7), layout="constrained")
    axes = figure.add_subplot()
    layers = [
        (6371, "#6b4f3a", "crust"),
        (6336, "#d98c4a", "mantle"),
        (3480, "#e8b04a", "outer core"),
        (1220, "#f6e08a", "inner core"),
    ]
    for radius, colour, _ in layers:
        axes.add_patch(Wedge((0, 0), radius, 0, 180, facecolor=colour, edgecolor="white"))
    for y, label in ((5000, "mantle"), (2250, "outer core, liquid"), (430, "inner core")):
        axes.text(0, y, label, ha="center", va="center", weight="bold")
    for depth, x in ((2891, 3480), (5150, 1220)):
        axes.annotate(
            f"{depth:,} km deep", (x, 0), (x, -700), ha="center", va="top",
            arrowprops={"arrowstyle": "-", "color": "#66727f"},
        )  # fmt: skip
    axes.set(xlim=(-6600, 6600), ylim=(-1250, 6500), aspect="equal")
    axes.axis("off")
    rows = [
        ("Boundary", "Depth, km", "Found by", "Year"),
        ("Moho: crust to mantle", "about 35", "Andrija Mohorovičić", "1909"),
        ("Core to mantle", "2,891", "Beno Gutenberg", "1914"),
        ("Inner to outer core", "5,150", "Inge Lehmann", "1936"),
        ("Centre", "6,371", "", ""),
    ]
    return [
        *LOOK.text("h1", "What lies below"),
        *LOOK.text(
            "body",
            "Nobody has drilled deeper than the Kola borehole, which stopped at 12,262 metres in "
            "1989. What is further down is known from earthquake waves, which bend, bounce and die "
            "out where the rock changes. Shear waves do not pass the outer core: it is a melt of "
            "iron and nickel, whose currents drive the magnetic field.",
        ),
        Chart(figure),
        *LOOK.text("caption", "Figure 6. Half a planet, radii to scale."),
        LOOK.table(rows, (150, 80, 150, 90)),
        *LOOK.text(
            "caption",
            "Source: A. M. Dziewonski and D. L. Anderson, Preliminary reference Earth model, "
            "Physics of the Earth and Planetary Interiors 25, 1981.",
        ),
    ]


def _earthquakes() -> list[Flowable]:
    figure, axes = _chart(3.6)
    axes.scatter(
        [year for year, _, _ in EARTHQUAKES],
        [magnitude for _, magnitude, _ in EARTHQUAKES],
        s=[10 ** (magnitude - 7) for _, magnitude, _ in EARTHQUAKES],
        color=ORANGE, alpha=0.6, edgecolor=BLUE,
    )  # fmt: skip
    axes.set(xlabel="year", ylabel="moment magnitude", xlim=(1900, 2020), ylim=(8.4, 9.8))
    rows = [
        ("Place", "Year", "Magnitude"),
        *((place, year, magnitude) for year, magnitude, place in EARTHQUAKES),
    ]
    return [
        *LOOK.text("h1", "The strongest earthquakes"),
        *LOOK.text(
            "body",
            "The scale is logarithmic. One step up means shaking with ten times the amplitude and "
            "roughly 32 times the energy; two steps mean a thousandfold. Seismographs have "
            "recorded five shocks of magnitude nine or more, all where one plate of the crust "
            "dives below another, and all five raised tsunamis that crossed an ocean.",
        ),
        Chart(figure),
        *LOOK.text(
            "caption",
            "Figure 7. Great earthquakes from 1900 to 2011; the area grows with amplitude.",
        ),
        LOOK.table(rows, (230, 100, 100)),
        *LOOK.text(
            "caption", "Source: U.S. Geological Survey, 20 Largest Earthquakes in the World."
        ),
    ]


def make(path: Path) -> None:
    """Write the report, seven pages."""
    pages = (_overview, _air, _carbon_dioxide, _oceans, _mountains, _interior, _earthquakes)
    story: list[Flowable] = []
    with mpl.rc_context(CHART_STYLE):
        for page in pages:
            if story:
                story.append(PageBreak())
            story += [*page(), Spacer(0, 1)]
        write_document(path, TITLE, "en", LOOK, story, running_head=TITLE, first_page=_cover)
