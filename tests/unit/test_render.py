import io
import shutil
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from index.errors import MissingDependencyError, PageFailure
from index.pages import Failure
from ingest import poppler, render
from ingest.poppler import require_poppler
from ingest.render import RenderedPage, read_facts, render_page
from tests.cases import CASES
from tests.fakes import BLACK_SQUARE, PAGE_TREE, FakePrograms, pdf_page, pdf_stream, write_pdf

UNKNOWN_ENCRYPTION = b"<</Filter/Standard/V 4/R 4/Length 128/O<%b>/U<%b>/P -4>>" % (
    (b"00" * 32,) * 2
)

SAMPLES = Path(__file__).parents[2] / "samples"
TURNS = (0, 90, 180, 270)
WORD = "WORDMARK"


def long_edge(pixels: int) -> Callable[[float, float], tuple[int, int]]:
    def page_size_px(width: float, height: float) -> tuple[int, int]:
        scale = pixels / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    return page_size_px


def rendered(path: Path, page_number: int = 1, pixels: int = 400) -> RenderedPage:
    return render_page(path, read_facts(path), page_number, long_edge(pixels))


def reason(path: Path, page_number: int = 1) -> str:
    with pytest.raises(PageFailure) as failure:
        rendered(path, page_number)
    assert failure.value.exit_code == 3
    return str(failure.value)


def preview(page: RenderedPage) -> Image.Image:
    return Image.open(io.BytesIO(page.preview))


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    return FakePrograms(tmp_path_factory.mktemp("programs"), monkeypatch)


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages: one with words, one with nothing."""
    path = tmp_path_factory.mktemp("render") / "letter.pdf"
    canvas = Canvas(str(path), pagesize=(300, 400))
    canvas.setTitle("A letter")
    canvas.drawString(50, 300, "Dear reader, R&D costs < 5")
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return path


@pytest.fixture(scope="module")
def marked_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A white word on a black box of its size; turned four ways, then cropped and turned."""
    path = tmp_path_factory.mktemp("render") / "marked.pdf"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    width = stringWidth(WORD, "Helvetica", 18)
    content = b"0 g 100 200 %f 16 re f 1 g BT /F 18 Tf 100 203 Td (%b) Tj ET"
    content %= (width, WORD.encode())
    boxes = [
        b"/Resources<</Font<</F 5 0 R>>>>/Rotate %d%b" % (turn, crop)
        for crop in (b"", b"/CropBox[60 90 310 560]")
        for turn in TURNS
    ]
    kids = b" ".join(b"%d 0 R" % (6 + i) for i in range(len(boxes)))
    write_pdf(
        path,
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(boxes), kids),
            b"null",
            pdf_stream(content),
            font,
            *(pdf_page(400, 700, more=box) for box in boxes),
        ],
    )
    return path


def test_facts_of_a_pdf(letter: Path) -> None:
    facts = read_facts(letter)
    assert (facts.title, facts.page_count) == ("A letter", 2)


def test_words_and_their_order(letter: Path) -> None:
    page = rendered(letter)
    assert page.words.text == "Dear reader, R&D costs < 5"
    assert (page.width_pt, page.height_pt) == (300, 400)
    assert (page.words.boxes[:, 0] >= 50 / 300 - 1e-6).all()


def test_an_empty_page_is_a_page(letter: Path) -> None:
    page = rendered(letter, 2)
    assert page.words.texts == ()
    assert page.image.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("stretch", [(1, 1), (1.5, 1), (1, 1.3)], ids=str)
@pytest.mark.parametrize("page_number", range(1, 9))
def test_a_words_box_is_where_its_pixels_are(
    marked_words: Path, page_number: int, stretch: tuple[float, float]
) -> None:
    def page_size_px(width: float, height: float) -> tuple[int, int]:
        return round(width * stretch[0]), round(height * stretch[1])

    page = render_page(marked_words, read_facts(marked_words), page_number, page_size_px)
    turned, cropped = page_number % 2 == 0, page_number > 4
    seen = (250, 470) if cropped else (400, 700)
    assert (page.width_pt, page.height_pt) == (seen[::-1] if turned else seen)
    assert page.image.size == page_size_px(page.width_pt, page.height_pt)
    assert page.words.texts == (WORD,)
    rows, columns = np.nonzero(np.asarray(page.image)[..., 0] < 128)
    black = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], float)
    black /= [*page.image.size, *page.image.size]
    points = [page.width_pt, page.height_pt] * 2
    np.testing.assert_allclose(page.words.boxes[0] * points, black * points, atol=2)


def test_words_outside_the_crop_box_are_dropped(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "cropped.pdf"), pagesize=(400, 400))
    canvas.setCropBox((0, 0, 200, 400))
    canvas.drawString(20, 300, "inside")
    canvas.drawString(250, 300, "outside")
    canvas.drawString(180, 200, "straddling")
    canvas.save()
    words = rendered(tmp_path / "cropped.pdf").words
    assert words.texts == ("inside", "stra"), "poppler cuts a word at the edge"


@pytest.mark.parametrize("shape", [(595.276, 841.89), (841.89, 595.276), (3.84, 3.84), (9000, 90)])
def test_the_image_has_exactly_the_size_asked_for(
    tmp_path: Path, shape: tuple[float, float]
) -> None:
    path = write_pdf(tmp_path / "a.pdf", [*PAGE_TREE, pdf_page(*shape), BLACK_SQUARE])
    for size_px in ((905, 1280), (512, 512), (7, 333)):
        page = render_page(path, read_facts(path), 1, lambda *_, size_px=size_px: size_px)
        assert (page.image.size, page.image.mode) == (size_px, "RGB")


def test_the_preview_has_the_pages_shape(letter: Path) -> None:
    facts = read_facts(letter)
    stretched = preview(render_page(letter, facts, 1, lambda *_: (2048, 2048)))
    assert (stretched.format, stretched.size) == ("WEBP", (960, 1280))
    assert preview(rendered(letter, pixels=1280)).size == (960, 1280)
    assert preview(rendered(letter, pixels=200)).size == (150, 200), "never enlarged"


def test_the_preview_is_as_good_as_the_page_and_small() -> None:
    path = SAMPLES / "binary-codes-paper.pdf"
    page = render_page(path, read_facts(path), 2, lambda *_: (905, 1280))
    drawn, seen = (np.asarray(image.convert("L"), float) for image in (page.image, preview(page)))
    assert np.sqrt(np.mean((drawn - seen) ** 2)) < 4  # of 255; a JPEG of as many bytes: 7
    assert len(page.preview) < 140_000


def test_a_subject_that_looks_like_a_page_count(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "journal.pdf"), pagesize=(200, 200))
    canvas.setSubject("Journal\nPages: 12-15\nPages: 7\nPage    1 size: 1 x 1 pts")
    canvas.drawString(20, 100, "article")
    canvas.save()
    page = rendered(tmp_path / "journal.pdf")
    assert (page.words.texts, page.width_pt) == (("article",), 200)


def test_control_characters_in_title_and_text(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "odd.pdf"), pagesize=(200, 200))
    canvas.setTitle("Ti\x01t\u200ele\x7f of it")
    canvas.drawString(20, 100, "caf\u00e9\x02 \x03")
    canvas.save()
    assert read_facts(tmp_path / "odd.pdf").title == "Title of it"
    assert all(c.isprintable() for c in rendered(tmp_path / "odd.pdf").words.text)


def test_names_that_look_like_flags_or_have_spaces(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-f.pdf", "two words é.PDF"):
        Path(name).write_bytes(letter.read_bytes())
        assert rendered(Path(name)).words.texts[0] == "Dear"


def encrypted(path: Path, user_password: str) -> Path:
    lock = StandardEncryption(user_password, ownerPassword="owner", canCopy=0, canPrint=0)
    canvas = Canvas(str(path), pagesize=(200, 200), encrypt=lock)
    canvas.drawString(20, 100, "secret")
    canvas.save()
    return path


def test_encrypted_with_a_password_to_open(tmp_path: Path) -> None:
    assert reason(encrypted(tmp_path / "locked.pdf", "user")) == "encrypted: needs a password"


def test_encrypted_but_open_to_readers(tmp_path: Path) -> None:
    assert rendered(encrypted(tmp_path / "open.pdf", "")).words.texts == ("secret",)


def test_encrypted_for_a_certificate(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "certificate.pdf",
        [*PAGE_TREE, pdf_page(), BLACK_SQUARE, b"<</Filter/Adobe.PubSec/V 4/SubFilter/x>>"],
        trailer=b"/Encrypt 5 0 R/ID[<00><00>]",
    )
    assert reason(path) == "encrypted: in a way poppler does not know"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty file"),
        (b"<html><body>404", "not a PDF (starts with b'<html><body>404')"),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF\0",
            r"not a PDF (starts with b'\xff\xd8\xff\xe0\x00\x10JFIF\x00')",
        ),
        (
            b"%PDF-1.7\n" + bytes(range(256)) * 9,
            "truncated PDF: it has no %%EOF at its end (poppler: Couldn't read xref table)",
        ),
        (
            b"%PDF-1.7\n1 0 obj\n%%EOF\n",
            "damaged PDF: its table of objects cannot be read (poppler: Couldn't read xref table)",
        ),
    ],
    ids=["empty", "html", "jpeg", "garbage", "no pages"],
)
def test_files_that_are_no_pdf(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(data)
    assert reason(path) == why


def test_a_truncated_pdf(letter: Path, tmp_path: Path) -> None:
    data = letter.read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: len(data) // 2])
    assert reason(tmp_path / "cut.pdf").startswith("truncated PDF: it has no %%EOF at its end (")


def test_junk_before_the_header_is_read_over(letter: Path, tmp_path: Path) -> None:
    (tmp_path / "mail.pdf").write_bytes(b"X-Mail: 1\n\n" + letter.read_bytes())
    assert rendered(tmp_path / "mail.pdf").words.texts[0] == "Dear"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.pdf") == "cannot be read: No such file or directory"
    assert reason(tmp_path) == "cannot be read: Is a directory"


def test_a_file_that_vanishes_between_facts_and_page(letter: Path, tmp_path: Path) -> None:
    path = tmp_path / "here.pdf"
    path.write_bytes(letter.read_bytes())
    facts = read_facts(path)
    path.unlink()
    with pytest.raises(PageFailure, match="^cannot be read: No such file or directory$"):
        render_page(path, facts, 1, long_edge(100))


def test_no_pages(tmp_path: Path) -> None:
    tree = (PAGE_TREE[0], b"<</Type/Pages/Count 0/Kids[]>>")
    path = write_pdf(tmp_path / "none.pdf", tree)
    assert reason(path) == "PDF without pages (poppler: Invalid page count 0)"


def test_a_page_named_but_not_there_fails_alone(tmp_path: Path) -> None:
    tree = (PAGE_TREE[0], b"<</Type/Pages/Count 2/Kids[3 0 R 9 0 R]>>")
    path = write_pdf(tmp_path / "hole.pdf", [*tree, pdf_page(), BLACK_SQUARE])
    assert rendered(path, 1).width_pt == 200
    assert read_facts(path).page_count == 1
    (failure,) = read_facts(path).failures
    assert failure == Failure(2, "page is missing or damaged: it has no size")


def test_pages_that_are_named_but_not_there_are_one_failure() -> None:
    facts = read_facts(CASES / "count-20k.pdf")
    assert (facts.page_count, len(facts.pdf_pages)) == (1, 1)
    assert [failure.where for failure in facts.failures] == ["pages 2 to 20,000"]


def test_a_page_that_cannot_be_drawn_is_not_taken_for_blank(tmp_path: Path) -> None:
    content = pdf_stream(b"no flate data at all", more=b"/Filter/FlateDecode")
    path = write_pdf(tmp_path / "flate.pdf", [*PAGE_TREE, pdf_page(), content])
    assert reason(path) == (
        "page comes out blank: poppler cannot draw what is on it "
        "(it says: Unknown compression method in flate stream)"
    )


def test_the_largest_page_of_pdf_is_read(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "receipt.pdf"), pagesize=(226, 14_400))
    canvas.drawString(20, 14_300, "milk")
    canvas.save()
    assert rendered(tmp_path / "receipt.pdf").words.texts == ("milk",)


@pytest.mark.parametrize(
    ("objects", "trailer", "why"),
    [
        (
            [PAGE_TREE[0], b"<</Type/Pages/Count 9/Kids[%b]>>" % (b"3 0 R " * 9), pdf_page()],
            b"",
            "poppler does not read its pages: they are more (9) than the objects in the file (4)",
        ),
        (
            [PAGE_TREE[0], b"<</Type/Pages/Count -5/Kids[]>>"],
            b"",
            "damaged PDF: its page count is impossible (poppler: Invalid page count -5)",
        ),
        (
            [PAGE_TREE[0]],
            b"",
            "damaged PDF: its list of pages cannot be read "
            "(poppler: Top-level pages object is wrong type (null))",
        ),
        (
            [*PAGE_TREE, pdf_page(), pdf_stream(b"x", more=b"/Filter/BrotliDecode")],
            b"",
            "compressed in a way poppler does not know (BrotliDecode)",
        ),
        (
            [*PAGE_TREE, pdf_page(), pdf_stream(b"\x8f\x9a"), UNKNOWN_ENCRYPTION],
            b"/Encrypt 5 0 R/ID[<00><00>]",
            "encrypted: in a way poppler does not know",
        ),
    ],
    ids=["page count", "negative count", "no list", "filter", "encryption"],
)
def test_reasons_that_are_so(
    tmp_path: Path, objects: list[bytes], trailer: bytes, why: str
) -> None:
    assert reason(write_pdf(tmp_path / "a.pdf", objects, trailer=trailer)) == why


@pytest.mark.parametrize(
    ("width", "height", "why"),
    [
        (14401, 14400, "page is 5.1 x 5.1 m, larger than the limit of 5.1 m"),
        (567000, 567000, "page is 200 x 200 m, larger than the limit of 5.1 m"),
        (9000, 1, "page is 9000 x 1 pt, narrower than the limit of 1:100"),
    ],
)
def test_absurd_page_sizes(tmp_path: Path, width: float, height: float, why: str) -> None:
    path = write_pdf(tmp_path / "huge.pdf", [*PAGE_TREE, pdf_page(width, height), BLACK_SQUARE])
    assert reason(path) == why


def test_pdftoppm_that_crashes(tmp_path: Path, fake: FakePrograms) -> None:
    fake.crash("pdftoppm")
    path = write_pdf(tmp_path / "square.pdf", [*PAGE_TREE, pdf_page(), BLACK_SQUARE])
    assert reason(path) == "pdftoppm crashed (SIGSEGV)"


def test_a_page_that_cannot_be_drawn_keeps_its_words(letter: Path, fake: FakePrograms) -> None:
    drawn = rendered(letter)
    fake.crash("pdftoppm")
    page = rendered(letter)
    assert str(page.not_drawn) == "pdftoppm crashed (SIGSEGV)"
    assert page.words.texts == drawn.words.texts
    assert page.image.size == drawn.image.size
    grey = np.asarray(page.image)[..., 0] < 255  # (height, width)
    x0, y0, x1, y1 = page.words.boxes[0] * np.tile(page.image.size, 2)
    assert grey[round((y0 + y1) / 2), round((x0 + x1) / 2)]
    assert not grey[0].any()


def test_pdfinfo_that_crashes(letter: Path, fake: FakePrograms) -> None:
    fake.crash("pdfinfo")
    assert reason(letter) == "pdfinfo crashed (SIGSEGV)"


@pytest.mark.parametrize("program", ["pdftoppm", "pdfinfo"])
def test_a_program_beyond_a_limit_is_the_pages_failure(
    tmp_path: Path, fake: FakePrograms, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.2)
    fake.spin(program)
    path = write_pdf(tmp_path / "square.pdf", [*PAGE_TREE, pdf_page(), BLACK_SQUARE])
    assert reason(path) == f"takes more than 0.2 s of processor time ({program})"


def test_a_page_is_kept_where_only_its_text_layer_fails(
    letter: Path, fake: FakePrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.crash("pdftotext")
    assert rendered(letter).words.texts == ()
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.2)
    fake.spin("pdftotext")
    assert rendered(letter).words.texts == ()


def test_an_endless_text_layer_is_cut(
    letter: Path, fake: FakePrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "MAX_TEXT_BYTES", 10_000)
    fake.write_endlessly("pdftotext")
    assert set(rendered(letter).words.texts) == {"endless"}


@pytest.mark.parametrize("program", ["pdfinfo", "pdftoppm", "pdftotext"])
def test_ctrl_c_does_not_reach_poppler(letter: Path, fake: FakePrograms, program: str) -> None:
    fake.receive_ctrl_c(program)
    assert rendered(letter).words.texts[0] == "Dear"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("program", ["pdfinfo", "pdftoppm", "pdftotext"])
def test_poppler_missing(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    facts = read_facts(letter)
    real = {name: shutil.which(name) for name in ("pdfinfo", "pdftoppm", "pdftotext")}
    for name, where in real.items():
        if name != program:
            (tmp_path / name).symlink_to(str(where))
    monkeypatch.setenv("PATH", str(tmp_path))
    message = (
        f"Cannot render PDFs: {program} not found. Install poppler "
        "(Debian: apt install poppler-utils; macOS: brew install poppler)."
    )
    with pytest.raises(MissingDependencyError) as missing:
        require_poppler()
    assert (str(missing.value), missing.value.exit_code) == (message, 4)
    with pytest.raises(MissingDependencyError):
        read_facts(letter)
        render_page(letter, facts, 1, long_edge(100))


def test_poppler_is_here() -> None:
    require_poppler()


def test_a_moment_without_processes_is_the_pages_failure(
    letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(poppler.subprocess, "Popen", refuse)
    assert reason(letter) == "pdfinfo could not be started: Resource temporarily unavailable"


def test_many_threads_render_the_same_pages(marked_words: Path) -> None:
    facts = read_facts(marked_words)

    def pixels(page_number: int) -> bytes:
        return render_page(marked_words, facts, page_number, long_edge(120)).image.tobytes()

    with ThreadPoolExecutor(4) as pool:
        both = list(pool.map(pixels, [*range(1, 9)] * 2))
    assert both[:8] == both[8:]


def test_nothing_is_left_on_disk_or_written_to_the_terminal(
    letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rendered(letter)
    garbled = write_pdf(letter.parent / "garbled.pdf", [*PAGE_TREE, pdf_page(), pdf_stream(b"a b")])
    reason(garbled)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
