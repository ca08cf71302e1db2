"""Two yearly versions of one report that differ in a few numbers only."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from reportlab.lib.pagesizes import B5
from reportlab.platypus import Flowable, PageBreak

from samples.source.figure import CHART_STYLE, Chart
from samples.source.layout import Look, write_document

LOOK = Look(accent="#4a3a8c", size_pt=10.5)

PLANETS = [
    ("Mercury", "4,879", "57.9", "88.0 days"),
    ("Venus", "12,104", "108.2", "224.7 days"),
    ("Earth", "12,756", "149.6", "365.2 days"),
    ("Mars", "6,792", "228.0", "687.0 days"),
    ("Jupiter", "142,984", "778.5", "11.9 years"),
    ("Saturn", "120,536", "1,432.0", "29.4 years"),
    ("Uranus", "51,118", "2,867.0", "83.7 years"),
    ("Neptune", "49,528", "4,515.0", "163.7 years"),
]

IN_SERVICE = [
    ("Voyager 2", "launch", date(1977, 8, 20)),
    ("Voyager 1", "launch", date(1977, 9, 5)),
    ("New Horizons", "launch", date(2006, 1, 19)),
    ("Curiosity", "landing on Mars", date(2012, 8, 6)),
    ("Juno", "arrival at Jupiter", date(2016, 7, 5)),
    ("Perseverance", "landing on Mars", date(2021, 2, 18)),
    ("James Webb Space Telescope", "launch", date(2021, 12, 25)),
]


@dataclass(frozen=True)
class Edition:
    """What changes from year to year.

    Attributes:
        year: the numbers hold at its last day.
        moons: known moons of each planet, from Mercury outwards.
        voyager_1_au: distance of Voyager 1 from the Sun in astronomical units.
        ingenuity_flights: flights of the Mars helicopter so far.
    """

    year: int
    moons: tuple[int, ...]
    voyager_1_au: int
    ingenuity_flights: int


EDITIONS = {
    2023: Edition(2023, (0, 0, 1, 2, 95, 146, 27, 14), 162, 70),
    2024: Edition(2024, (0, 0, 1, 2, 95, 146, 28, 16), 166, 72),
}


def _title(edition: Edition) -> str:
    return f"Solar System Yearbook {edition.year}"


def _overview(edition: Edition) -> list[Flowable]:
    rows = [
        ("On 31 December", str(edition.year)),
        ("Planets", "8"),
        ("Known moons of the planets", str(sum(edition.moons))),
        ("Distance of Voyager 1 from the Sun", f"{edition.voyager_1_au} au"),
        ("Flights of the helicopter Ingenuity", str(edition.ingenuity_flights)),
    ]
    return [
        *LOOK.text("title", _title(edition)),
        *LOOK.text("subtitle", f"The state of things on 31 December {edition.year}"),
        *LOOK.text("h1", "At a glance"),
        *LOOK.text(
            "body",
            "This yearbook has the same three pages every year: the key numbers, the planets with "
            "their moons, and the spacecraft at work. Whoever lays two editions side by side sees "
            "at once what is new.",
        ),
        LOOK.table(rows, (290, 109)),
        *LOOK.text("h2", "How to read it"),
        *LOOK.text(
            "body",
            "Moons count from the day on which the Minor Planet Center announces their orbit. "
            "Moons of dwarf planets and of asteroids are left out. An astronomical unit is "
            "149,597,870.7 kilometres; light needs 499 seconds for it.",
        ),
    ]


def _planets(edition: Edition) -> list[Flowable]:
    figure = Figure(figsize=(5.5, 3.6), layout="constrained")
    axes = figure.add_subplot()
    drawn = axes.bar([p[0] for p in PLANETS], edition.moons, color="#4a3a8c", width=0.6)
    axes.bar_label(drawn, padding=2)
    axes.set(ylabel=f"known moons, end of {edition.year}", ylim=(0, 165))
    axes.grid(visible=False, axis="x")
    rows = [
        ("Planet", "Diameter, km", "Distance, million km", "Orbit", "Moons"),
        *((*planet, n) for planet, n in zip(PLANETS, edition.moons, strict=True)),
    ]
    return [
        *LOOK.text("h1", "Planets and their moons"),
        *LOOK.text(
            "body",
            "Diameters are taken at the equator, distances are means from the Sun, orbits are "
            "sidereal. Saturn leads the count of moons by far; most of its own are lumps of a few "
            "kilometres on wide and tilted paths.",
        ),
        LOOK.table(rows, (70, 90, 120, 70, 49)),
        *LOOK.text(
            "caption", "Source: NASA Planetary Fact Sheet; moons: JPL Solar System Dynamics."
        ),
        Chart(figure),
    ]


def _spacecraft(edition: Edition) -> list[Flowable]:
    last_day = date(edition.year, 12, 31)
    rows = [
        ("Spacecraft", "Since", "Date", "Days"),
        *(
            (name, event, f"{day.day} {day:%b %Y}", f"{(last_day - day).days:,}")
            for name, event, day in IN_SERVICE
        ),
    ]
    figure = Figure(figsize=(5.5, 2.8), layout="constrained")
    axes = figure.add_subplot()
    oldest_last = IN_SERVICE[::-1]
    years = [(last_day - day).days / 365.25 for _, _, day in oldest_last]
    drawn = axes.barh([name for name, _, _ in oldest_last], years, color="#d9822b", height=0.6)
    axes.bar_label(drawn, fmt="%.1f", padding=3)
    axes.set(xlabel="years in service", xlim=(0, 54))
    axes.grid(visible=False, axis="y")
    return [
        *LOOK.text("h1", "Spacecraft at work"),
        *LOOK.text(
            "body",
            "The list names probes that were still sending. Days are counted from launch, or from "
            "the arrival where a ship went to stay. Both Voyagers live on the heat of plutonium "
            "and have a few watts less with every year.",
        ),
        LOOK.table(rows, (160, 105, 75, 59), numbers_from=2),
        *LOOK.text(
            "caption", f"Source: NASA mission pages; days counted to 31 December {edition.year}."
        ),
        Chart(figure),
    ]


def make(path: Path, year: int) -> None:
    """Write the three pages of one year's edition."""
    edition = EDITIONS[year]
    with mpl.rc_context(CHART_STYLE):
        story = [*_overview(edition), PageBreak(), *_planets(edition), PageBreak()]
        story += _spacecraft(edition)
        title = _title(edition)
        write_document(
            path, title, "en", LOOK, story, running_head=title, page_size=B5, margin_pt=50
        )
