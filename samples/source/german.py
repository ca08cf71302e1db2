"""Three German pages: umlauts, long compounds, numbers with a decimal comma."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from reportlab.lib.pagesizes import A5
from reportlab.platypus import Flowable, PageBreak

from samples.source.figure import CHART_STYLE, Chart
from samples.source.layout import Look, write_document

TITLE = "Wind und Wasserstraßen in Deutschland"
LOOK = Look(accent="#2f6b3c", size_pt=10.5)

CANALS = [
    ("Mittellandkanal", 325, "1938"),
    ("Main-Donau-Kanal", 171, "1992"),
    ("Nord-Ostsee-Kanal", 99, "1895"),
]


def _wind() -> list[Flowable]:
    figure = Figure(figsize=(4.65, 2.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(
        range(0, 13), [0.5 * 1.225 * v**3 for v in range(0, 13)], color="#2f6b3c", linewidth=2
    )
    axes.plot(
        range(0, 13), [0.5 * 1.225 * v**3 * 16 / 27 for v in range(0, 13)],
        color="#d9822b", linewidth=2, linestyle="--",
    )  # fmt: skip
    axes.text(9.4, 690, "im Wind enthalten", ha="right", color="#2f6b3c")
    axes.text(10.9, 250, "höchstens nutzbar", color="#b0641b")
    axes.set(
        xlabel="Windgeschwindigkeit, m/s",
        ylabel="Watt je Quadratmeter",
        xlim=(0, 15),
        ylim=(0, 1100),
    )
    return [
        *LOOK.text("title", TITLE),
        *LOOK.text("subtitle", "Drei Seiten über Strom, Schleusen und Schiffe"),
        *LOOK.text("h1", "Was ein Rotor ernten kann"),
        *LOOK.text(
            "body",
            "Die Leistung des Windes wächst mit der dritten Potenz seiner Geschwindigkeit: "
            "Doppelt so schneller Wind bringt achtmal so viel. Eine Windkraftanlage darf die "
            "Luft aber nicht zum Stehen bringen, denn dann strömte keine mehr nach. Albert Betz "
            "rechnete um 1920 in Göttingen aus, dass höchstens 16/27 der Bewegungsenergie zu "
            "gewinnen sind, also 59,3 Prozent.",
            "Wie hoch der Mast ist, spielt eine große Rolle, denn Bäume und Häuser bremsen die "
            "unteren Luftschichten. Die Versuchsanlage Growian im Kaiser-Wilhelm-Koog, von 1983 "
            "bis 1987 in Betrieb, hatte schon einen Rotordurchmesser von 100,4 Metern und drei "
            "Megawatt Nennleistung. Sie stand wegen Werkstoffschäden meistens still und war doch "
            "eine Lehre für alle späteren.",
        ),
        Chart(figure),
        *LOOK.text("caption", "Abbildung 1. Leistungsdichte bei einer Luftdichte von 1,225 kg/m³."),
    ]


def _offshore() -> list[Flowable]:
    rows = [
        ("Größe", "alpha ventus"),
        ("Inbetriebnahme", "April 2010"),
        ("Zahl der Anlagen", "12"),
        ("Nennleistung je Anlage", "5 MW"),
        ("Nennleistung zusammen", "60 MW"),
        ("Wassertiefe", "rund 30 m"),
        ("Lage", "45 km vor Borkum"),
    ]
    return [
        *LOOK.text("h1", "Windräder auf hoher See"),
        *LOOK.text(
            "body",
            "Vor der Küste weht es kräftiger und gleichmäßiger als im Binnenland. Der erste "
            "deutsche Hochseewindpark ging im April 2010 ans Netz. Er liegt so weit draußen, "
            "dass man ihn vom Strand der ostfriesischen Inseln kaum sieht; auch das Wattenmeer, "
            "seit 2009 Weltnaturerbe, bleibt frei.",
            "Beim Rammen der Fundamente entsteht Lärm, der Schweinswale vertreibt. Deshalb legt "
            "man um die Baustelle einen Schlauch mit Löchern und bläst Druckluft hinein: Der "
            "aufsteigende Blasenschleier dämpft den Schall.",
        ),
        LOOK.table(rows, (170, 160)),
        *LOOK.text("caption", "Tabelle 1. Kenndaten des Testfelds."),
        *LOOK.text("h2", "Begriffe"),
        *LOOK.text(
            "body",
            "<b>Netzanschluss:</b> Seekabel bringen den Strom an Land; auf langen Strecken als "
            "Gleichstrom, weil dabei weniger verloren geht. <b>Volllaststunden:</b> Jahresertrag "
            "geteilt durch Nennleistung. <b>Schwachwindanlage:</b> großer Rotor an kleinem "
            "Generator, für Standorte im Süden.",
        ),
    ]


def _waterways() -> list[Flowable]:
    rows = [
        ("Wasserstraße", "Länge, km", "Eröffnung"),
        *CANALS,
    ]
    return [
        *LOOK.text("h1", "Wege für Schiffe"),
        *LOOK.text(
            "body",
            "Rund 7.300 Kilometer Flüsse und Kanäle verwaltet der Bund. Zuständig ist die "
            "Wasserstraßen- und Schifffahrtsverwaltung: Sie baggert Fahrrinnen, setzt Tonnen und "
            "hält Schleusen instand.",
            "Der Rhein ist 1.233 Kilometer lang, davon fließen 865 durch oder entlang "
            "Deutschland. In Nachschlagewerken stand Jahrzehnte lang 1.320; wahrscheinlich hatte "
            "jemand zwei Ziffern vertauscht. Erst 2010 fiel der Zahlendreher auf.",
        ),
        *LOOK.text("h2", "Die bekanntesten Kanäle"),
        LOOK.table(rows, (150, 90, 90)),
        *LOOK.text("caption", "Tabelle 2. Längen auf Kilometer gerundet."),
        *LOOK.text("h2", "Mit dem Fahrstuhl über den Berg"),
        *LOOK.text(
            "body",
            "Das alte Schiffshebewerk Niederfinow nordöstlich von Berlin hebt Kähne seit 1934 "
            "in einem Trog voller Wasser 36 Meter hoch. Gegengewichte an Stahlseilen halten die "
            "Waage, sodass kleine Motoren genügen. Daneben arbeitet seit Oktober 2022 ein größerer "
            "Neubau.",
            "Höher hinauf kommt ein Schiff in Europa nirgends als auf der Scheitelhaltung zwischen "
            "Main und Donau: 406 Meter über dem Meer.",
        ),
    ]


def make(path: Path) -> None:
    """Write the three pages."""
    with mpl.rc_context(CHART_STYLE):
        story = [*_wind(), PageBreak(), *_offshore(), PageBreak(), *_waterways()]
        write_document(
            path, TITLE, "de", LOOK, story, running_head=TITLE, page_size=A5, margin_pt=42
        )
