"""A two-column paper with formulas, a figure, tables and references.

Its numbers are computed here from the formulas it prints.
"""

from math import comb
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph

from samples.source.figure import CHART_STYLE, Chart, Equation
from samples.source.layout import GREY, INK, Look, write_document

TITLE = "From Hamming Codes to Binary Late Interaction"
LOOK = Look(accent="#1d2733", heading="Serif-Bold", size_pt=11.5)
DIMENSIONS = 128
COLUMN_IN = 3.2

ABSTRACT = (
    "<b>Abstract.</b> Counting the places in which two words differ was proposed in 1950 to "
    "correct errors on noisy lines. The same count now ranks scanned pages: the signs of a "
    "vector make a word, and the distance of two words tells the angle between the vectors. This "
    "note walks from one to the other with numbers that can be checked by hand, and ends with "
    "the memory that a page needs when it is kept as 832 vectors of 128 dimensions."
)


def _head(canvas: Canvas) -> float:
    width, height = A4
    canvas.setFillColor(INK)
    canvas.setFont("Serif-Bold", 19)
    canvas.drawCentredString(width / 2, height - 84, TITLE)
    canvas.setFillColor(GREY)
    canvas.setFont("Serif-Italic", 11)
    canvas.drawCentredString(width / 2, height - 104, "A tutorial note among the Pagelens samples")
    abstract = Paragraph(ABSTRACT, LOOK.style("body"))
    _, tall = abstract.wrap(width - 220, 400)
    abstract.drawOn(canvas, 110, height - 124 - tall)
    return 90.0 + float(tall)


def _probability_of_distance(h: int, bit_flip: float = 0.5) -> float:
    probability: float = comb(DIMENSIONS, h) * bit_flip**h * (1 - bit_flip) ** (DIMENSIONS - h)
    return probability


def _distance_figure() -> Chart:
    figure = Figure(figsize=(COLUMN_IN, 2.7), layout="constrained")
    axes = figure.add_subplot()
    distances = range(DIMENSIONS + 1)
    for degrees, colour in ((30, "#14507a"), (60, "#3a8a6b"), (90, "#d9822b")):
        density = [_probability_of_distance(h, degrees / 180) for h in distances]
        axes.plot(distances, density, color=colour, linewidth=1.6)
        axes.text(
            128 * degrees / 180, max(density) + 0.003, f"{degrees}°", ha="center", color=colour
        )
    axes.set(xlim=(0, 100), ylim=(0, 0.115), xlabel="Hamming distance h", ylabel="probability")
    return Chart(figure)


def _score_figure() -> Chart:
    figure = Figure(figsize=(COLUMN_IN, 2.3), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(range(65), [1 / (1 + h) for h in range(65)], color="#d9822b", linewidth=1.6)
    axes.set(xlim=(0, 64), ylim=(0, 1.02), xlabel="Hamming distance h", ylabel="1 / (1 + h)")
    return Chart(figure)


def _codes() -> list[Flowable]:
    rows = [
        ("Code", "n", "k", "d", "corrects"),
        ("repetition", 3, 1, 3, 1),
        ("Hamming", 7, 4, 3, 1),
        ("Hamming", 15, 11, 3, 1),
        ("extended Hamming", 8, 4, 4, 1),
        ("Golay", 23, 12, 7, 3),
    ]
    return [
        *LOOK.text("h1", "1  Distance between words"),
        *LOOK.text(
            "body",
            "Take two words of <i>n</i> bits. Hamming [1] called the number of positions in which "
            "they disagree their <i>distance</i>. It is zero only for equal words, it is "
            "symmetric, and going round by a third word never makes the way shorter; so it is a "
            "metric. In a machine it is one exclusive or and one population count:",
        ),
        Equation(r"h(x,y)=\sum_{i=1}^{n}x_i\oplus y_i=\mathrm{popcount}(x\oplus y)", 1),
        *LOOK.text(
            "body",
            "A code is a set of words. If any two of them are at least <i>d</i> apart, then up to "
            "⌊(<i>d</i> − 1)/2⌋ wrong bits can be put right: the damaged word is still nearer to "
            "the one that was sent than to any other. With 2<super>k</super> words and one error "
            "to correct, the balls of radius 1 must not overlap, which gives the sphere-packing "
            "bound",
        ),
        Equation(r"2^k\,(1+n)\leq 2^n", 2),
        *LOOK.text(
            "body",
            "The code of length seven with sixteen words meets it exactly: 16 · 8 = 128 = "
            "2<super>7</super>. Such codes are called perfect. Golay [2] found the other binary "
            "one, with 4,096 words of 23 bits; there 1 + 23 + 253 + 1,771 = 2,048 words surround "
            "each.",
        ),
        KeepTogether(
            [
                LOOK.table(rows, (96, 30, 28, 28, 50)),
                *LOOK.text("caption", "Table 1. Small codes: length, data bits, minimum distance."),
            ]
        ),
        *LOOK.text("h2", "1.1  Finding the wrong bit"),
        *LOOK.text(
            "body",
            "In the seven-bit code the positions 1, 2 and 4 hold parity bits. Each checks the "
            "positions whose number, written in binary, has its own digit set: the first checks 1, "
            "3, 5, 7; the second 2, 3, 6, 7; the third 4, 5, 6, 7. Add up the numbers of the "
            "parity bits that fail. The sum is the place of the error, and zero means that nothing "
            "happened. If the first and the third fail, bit five was flipped.",
        ),
    ]


def _angles() -> list[Flowable]:
    accident = sum(_probability_of_distance(h) for h in range(33))
    return [
        *LOOK.text("h1", "2  Bits that measure angles"),
        *LOOK.text(
            "body",
            "Let <i>u</i> and <i>v</i> be vectors at an angle θ. A random plane through the origin "
            "separates them with probability θ/π: of the half turn that its trace can make in the "
            "plane of <i>u</i> and <i>v</i>, just the part θ lies between them. Goemans and "
            "Williamson [3] used this to cut graphs, Charikar [4] to compare documents. With "
            "<i>n</i> independent planes, the words of signs differ on average in",
        ),
        Equation(r"\mathrm{E}\,[h]=\dfrac{n\,\theta}{\pi}", 3),
        *LOOK.text("body", "places, and the spread around it is that of a binomial law,"),
        Equation(r"\sigma=\sqrt{n\,p\,(1-p)},\quad p=\theta/\pi", 4),
        *LOOK.text(
            "body",
            f"For <i>n</i> = 128 and vectors at right angles this is {DIMENSIONS * 0.5:.0f} ± "
            f"{(DIMENSIONS * 0.25) ** 0.5:.2f}. Two unrelated words come as near as 32 with a "
            f"probability of only {accident * 1e9:.0f} in a thousand million. That is why a scan "
            f"over millions of words finds few false friends.",
        ),
        _distance_figure(),
        *LOOK.text(
            "caption", "Figure 1. Law of the distance of two 128-bit words for three angles."
        ),
        *LOOK.text(
            "body",
            "A learned encoder offers no random planes, only its own axes. Taking the sign of each "
            "coordinate then works as far as the coordinates are balanced around zero and not "
            "strongly dependent, which has to be measured for every model.",
        ),
    ]


def _late_interaction() -> list[Flowable]:
    return [
        *LOOK.text("h1", "3  Late interaction"),
        *LOOK.text(
            "body",
            "ColBERT [5] keeps one vector for each token instead of one for the whole text. Query "
            "and passage are encoded apart and meet only at the end: each query token looks for "
            "its best partner, and the best similarities are added,",
        ),
        Equation(r"s(q,p)=\sum_{i}\;\max_{j}\;\langle q_i,p_j\rangle", 5),
        *LOOK.text(
            "body",
            "ColPali [7] does the same with pictures. A vision language model cuts the page into "
            "patches, and each patch becomes a vector. Nothing is read by optical character "
            "recognition, so tables, charts and handwriting count as much as print.",
            "The price is size, and ColBERTv2 [6] answered it with residuals of one or two bits "
            "per dimension around shared centroids. Here we keep just the sign. Because small "
            "distances must win clearly, similarity is taken as",
        ),
        Equation(r"b(x,y)=\dfrac{1}{1+h(x,y)}", 6),
        _score_figure(),
        *LOOK.text(
            "caption", "Figure 2. The score falls steeply near zero and hardly at all later."
        ),
        *LOOK.text(
            "body",
            "Equal words score one, a single differing bit halves the score, and at distance 31 it "
            "is 1/32. The order of two patches for one token is the same as by distance; the sum "
            "over tokens, however, favours a page that matches some tokens closely over one that "
            "matches all of them vaguely.",
        ),
    ]


def _memory() -> list[Flowable]:
    patches = 832
    half, bits = patches * DIMENSIONS * 2, patches * DIMENSIONS // 8
    rows = [
        ("Stored as", "bytes a page", "million pages"),
        ("float32", f"{2 * half:,}", f"{2 * half / 1000:.0f} GB"),
        ("bfloat16", f"{half:,}", f"{half / 1000:.0f} GB"),
        ("sign bits", f"{bits:,}", f"{bits / 1000:.1f} GB"),
    ]
    return [
        *LOOK.text("h1", "4  What a page costs"),
        *LOOK.text(
            "body",
            "A page in portrait format cut into twelve tiles and one overview, each of 64 patches, "
            f"makes 13 · 64 = {patches} vectors. Table 2 multiplies this out. Signs take a "
            f"sixteenth "
            "of bfloat16 and fit the memory of a small server for a million pages.",
        ),
        KeepTogether(
            [
                LOOK.table(rows, (80, 76, 76)),
                *LOOK.text("caption", "Table 2. Memory for 832 vectors of 128 dimensions."),
            ]
        ),
        *LOOK.text(
            "body",
            "A query of 14 tokens against one page costs 14 · 832 = 11,648 distances, that is "
            "23,296 population counts of 64 bits. Since the bits of a page are read once and "
            "compared with every token, a good program is bound by arithmetic for long queries "
            "and by memory for short ones.",
        ),
        *LOOK.text("h2", "4.1  Two phases"),
        *LOOK.text(
            "body",
            "Ranking by bits alone loses the lengths of projections. The usual cure is to rank all "
            "pages by (6), to keep the best hundred or so, and to order these anew by (5) with the "
            "vectors in bfloat16. Only the second phase touches the large table, and it touches "
            "little of it.",
        ),
        *LOOK.text("h1", "5  Exercises"),
        *LOOK.text(
            "body",
            "<b>A.</b> The word 1011001 arrives in the code of Section 1.1. Which parity checks "
            "fail, and what was sent? <i>Answer:</i> only the first; bit one is wrong, and 0011001 "
            "was sent.",
            "<b>B.</b> Two vectors differ in 16 of 128 signs. Estimate the angle between them. "
            "<i>Answer:</i> 16/128 of a half turn, 22.5 degrees.",
            "<b>C.</b> How many words of 128 bits lie within distance two of a given one? "
            f"<i>Answer:</i> 1 + 128 + {comb(128, 2):,} = {1 + 128 + comb(128, 2):,}.",
            "<b>D.</b> A page whose patches all point away from the query has only negative "
            "similarities. Why must a program not fill up short pages with vectors of zeros? "
            "<i>Answer:</i> a zero vector would win the maximum in (5), and the padding would be "
            "ranked above true patches.",
        ),
        *LOOK.text("h1", "6  Conclusion"),
        *LOOK.text(
            "body",
            "The measure that told telephone engineers how far a code word had been damaged tells "
            "us how far a patch is from a query. Seventy years lie between the two uses; the "
            "instruction that computes them is the same.",
        ),
        *LOOK.text("h1", "References"),
        *LOOK.text(
            "small",
            "[1] R. W. Hamming. Error detecting and error correcting codes. <i>Bell System "
            "Technical Journal</i> 29(2), 147–160, 1950.",
            "[2] M. J. E. Golay. Notes on digital coding. <i>Proceedings of the IRE</i> 37, 657, "
            "1949.",
            "[3] M. X. Goemans and D. P. Williamson. Improved approximation algorithms for maximum "
            "cut and satisfiability problems using semidefinite programming. <i>Journal of the "
            "ACM</i> 42(6), 1115–1145, 1995.",
            "[4] M. S. Charikar. Similarity estimation techniques from rounding algorithms. "
            "<i>STOC</i>, 380–388, 2002.",
            "[5] O. Khattab and M. Zaharia. ColBERT: efficient and effective passage search via "
            "contextualized late interaction over BERT. <i>SIGIR</i>, 39–48, 2020.",
            "[6] K. Santhanam, O. Khattab, J. Saad-Falcon, C. Potts and M. Zaharia. ColBERTv2: "
            "effective and efficient retrieval via lightweight late interaction. <i>NAACL</i>, "
            "3715–3734, 2022.",
            "[7] M. Faysse, H. Sibille, T. Wu, B. Omrani, G. Viaud, C. Hudelot and P. Colombo. "
            "ColPali: efficient document retrieval with vision language models. arXiv:2407.01449, "
            "2024.",
        ),
    ]


def make(path: Path) -> None:
    """Write the paper."""
    with mpl.rc_context({**CHART_STYLE, "font.size": 7.5}):
        story = [*_codes(), *_angles(), *_late_interaction(), *_memory()]
        write_document(
            path, TITLE, "en", LOOK, story,
            running_head=TITLE, n_columns=2, margin_pt=56, first_page=_head,
        )  # fmt: skip
