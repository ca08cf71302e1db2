"""What a person does with the pages, in a real browser."""

import re
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.pages import Fingerprint
from query.service import model_loader
from tests import library
from tests.browser.conftest import HOSTILE, HOSTILE_NUMBER, NewPage, serving
from tests.half_dark_pages import half_dark_index, picture
from tests.memory_index import MemoryIndex
from tests.pixel_encoder import PixelEncoder

QUERY = "melting point of tungsten in celsius"
ASKED = "/?q=melting+point+of+tungsten+in+celsius"
PHONE = {"width": 360, "height": 740}


def first_hit(page: Page) -> str:
    return str(page.locator("[data-hit] h2 a").first.get_attribute("href"))


def heat_source(page: Page) -> str:
    return str(page.locator("img.heat").get_attribute("src"))


def is_drawn(page: Page, selector: str) -> bool:
    return bool(
        page.locator(selector).evaluate(
            "image => image.decode().then(() => image.naturalWidth > 0, () => false)"
        )
    )


def test_search_and_open_a_hit(served: str, new_page: NewPage) -> None:
    page = new_page(served)
    page.keyboard.type(QUERY)  # the box has the focus
    page.keyboard.press("Enter")
    expect(page).to_have_url(served + ASKED)  # what is as usual is not in the address
    expect(page.locator(".answer-line[role=status]")).to_contain_text("12 pages")
    expect(page.locator("[data-hit]")).to_have_count(12)
    page.locator("[data-hit]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("chemical-elements.pdf, page 4 of 4")
    assert is_drawn(page, "img.heat")
    assert is_drawn(page, "[data-preview]")
    expect(page.locator(".shares").first.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="All hits").click()
    expect(page).to_have_url(served + ASKED)


def test_chips_switch_the_heat_without_a_reload(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    page.goto(served + first_hit(page))
    page.evaluate("window.wasNotReloaded = true")
    whole = heat_source(page)
    page.get_by_role("link", name="tungsten").click()
    expect(page.locator("[data-chip][aria-current]")).to_have_text("tungsten")
    expect(page.locator(".hot-list")).to_have_text(re.compile("Tungsten"))
    assert heat_source(page) != whole
    assert is_drawn(page, "img.heat")
    expect(page).to_have_url(re.compile(r"&token=2$"))
    assert page.evaluate("document.activeElement.textContent") == "tungsten"
    page.get_by_role("link", name="no heat").click()
    expect(page.locator("img.heat")).to_have_count(0)
    page.get_by_role("link", name="whole query").click()
    expect(page.locator("img.heat")).to_have_attribute("src", whole)
    assert page.evaluate("window.wasNotReloaded") is True


def test_an_address_shows_what_it_showed_before(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    page.goto(served + first_hit(page))
    page.get_by_role("link", name="melting").click()
    expect(page).to_have_url(re.compile("token=0"))
    again = new_page(page.url)
    expect(again.locator("[data-chip][aria-current]")).to_have_text("melting")
    assert heat_source(again) == heat_source(page)


def press(page: Page, *keys: str) -> None:
    page.wait_for_load_state()  # text is seen before the script that listens has run
    for key in keys:
        page.keyboard.press(key)


def test_keys_lead_through_the_hits(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    press(page, "/")
    expect(page.locator("#q")).to_be_focused()
    press(page, "j")  # typed into the box, not a step
    expect(page.locator("#q")).to_have_value("j")
    page.locator("#main").focus()
    press(page, "j", "j")
    expect(page.locator("[data-hit] h2 a").nth(1)).to_be_focused()
    press(page, "k")
    expect(page.locator("[data-hit] h2 a").first).to_be_focused()
    press(page, "Enter")
    trail, heading = page.locator(".trail"), page.get_by_role("heading", level=1)
    expect(trail).to_contain_text("hit 1 of 12")
    press(page, "j")
    expect(trail).to_contain_text("hit 2 of 12")
    press(page, "ArrowLeft")
    expect(trail).to_contain_text("hit 1 of 12")
    press(page, "p")
    expect(heading).to_contain_text("page 3 of 4")
    press(page, "n")
    expect(heading).to_contain_text("page 4 of 4")


def test_zoom_and_strength_of_the_heat(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    page.goto(served + first_hit(page))
    sheet = page.locator("[data-sheet]")

    def width() -> float:
        return float(sheet.evaluate("sheet => sheet.getBoundingClientRect().width"))

    fit = width()
    natural = float(page.locator("[data-preview]").get_attribute("width") or 0)
    page.get_by_role("button", name="200 %").click()
    assert width() == pytest.approx(2 * natural, abs=1)
    expect(page.get_by_role("button", name="200 %")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("-")
    assert width() == pytest.approx(1.6 * natural, abs=1)
    page.keyboard.press("+")
    assert width() == pytest.approx(2 * natural, abs=1)
    page.keyboard.press("0")
    assert width() == pytest.approx(fit, abs=1)
    page.get_by_role("button", name="Page", exact=True).click()
    assert sheet.evaluate("sheet => sheet.getBoundingClientRect().height") < 800
    before = width()
    page.locator("[data-canvas]").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function(
        "before => document.querySelector('[data-sheet]').clientWidth > 1.2 * before", arg=before
    )
    page.keyboard.press("h")
    expect(page.locator("img.heat")).to_have_css("opacity", "0")
    page.locator("[data-heat]").fill("50")
    expect(page.locator("img.heat")).to_have_css("opacity", "0.5")


def test_hot_words_point_at_their_places(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    page.goto(served + first_hit(page))
    page.locator("[data-word]").first.focus()
    assert page.locator(".word-boxes .is-pointed-at").count() >= 1
    box = page.locator(".word-boxes .is-pointed-at").first.bounding_box()
    assert box is not None
    assert box["width"] > 5 and box["height"] > 5


def test_more_like_this_page(served: str, new_page: NewPage) -> None:
    page = new_page(f"{served}/?q=Solar+System+Yearbook+glance&k=1")
    page.goto(served + first_hit(page))
    page.get_by_role("link", name="More like this page").click()
    expect(page.locator(".asked-page")).to_contain_text("Pages like solar-system-202")
    expect(page.locator("[data-hit] h2").first).to_contain_text("solar-system-202")


def test_filters_narrow_the_search(served: str, new_page: NewPage) -> None:
    page = new_page(served)
    page.locator("#q").fill("sun")
    page.get_by_text("Filters and ranking").click()
    page.get_by_label("lie at a path").fill("light-slides.pdf")
    page.get_by_label("One hit for each document").check()
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(f"{served}/?q=sun&path=light-slides.pdf&group_by=document")
    expect(page.locator("[data-hit]")).to_have_count(1)
    expect(page.locator(".others")).to_contain_text("also pages")
    expect(page.get_by_text("Filters and ranking")).to_contain_text("path light-slides.pdf")


@pytest.mark.parametrize("script", [True, False])
def test_a_language_is_chosen_by_a_click(served: str, new_page: NewPage, script: bool) -> None:
    page = new_page(f"{served}/?q=light", java_script_enabled=script)
    page.get_by_role("link", name="German", exact=True).click()  # the column stands open
    expect(page.locator(".answer-line")).to_contain_text("out of 3 pages")
    page.get_by_role("link", name="Take away: German").click()
    expect(page.locator(".answer-line")).to_contain_text("out of 42 pages")
    page.get_by_role("link", name="only this document").first.click()
    expect(page.locator(".set-filters li")).to_have_count(1)


def test_on_a_phone_the_column_is_folded_above_the_hits(served: str, new_page: NewPage) -> None:
    page = new_page(f"{served}/?q=light", viewport=PHONE)
    german = page.get_by_role("link", name="German", exact=True)
    expect(german).to_be_hidden()
    page.get_by_text("Narrow the search").click()
    expect(german).to_be_visible()
    assert german.bounding_box()["y"] < page.locator("[data-hit]").first.bounding_box()["y"]


def test_the_open_document_is_searched_on_the_spot(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED)
    page.goto(served + first_hit(page))
    file = page.locator("h1 bdi").inner_text()
    page.get_by_role("searchbox", name="Search in this document").fill("the")
    page.get_by_role("searchbox", name="Search in this document").press("Enter")
    expect(page.locator("h1 bdi")).to_have_text(file)
    expect(page.locator(".strip-said")).to_contain_text("pages")
    other = page.locator(".strip-said a:not([aria-current])").first
    number = other.inner_text().split()[-1]
    other.click()
    expect(page.locator("h1")).to_contain_text(f"page {number} of")
    expect(page.locator("h1 bdi")).to_have_text(file)


def test_what_looks_the_same_is_one_key_away(served: str, new_page: NewPage) -> None:
    page = new_page(f"{served}/?q=moons+of+Uranus&collapse=true")
    first = page.locator("[data-hit]", has=page.locator("[data-others]")).first
    expect(first.locator("h2")).to_contain_text("solar-system-202")
    link = first.locator("[data-others] a")
    expect(link).to_be_hidden()
    page.keyboard.press("o")
    expect(link).to_be_visible()
    expect(link).to_contain_text("solar-system-202")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(link).to_be_hidden()
    first.locator("summary").click()
    link.click()
    expect(page.locator("h1")).to_contain_text("solar-system-202")


ADDRESSES = {
    "start": "/",
    "collapsed": "/?q=moons+of+Uranus&collapse=true",
    "hits": ASKED,
    "no hits": "/?q=zzzz&ranking=bm25&language=en",
    "hybrid, by document": "/?q=light&ranking=hybrid&group_by=document",
    "overview": "/overview",
    "nowhere": "/nowhere",
    "wrong filter": "/?q=light&pages=ten",
    "filtered": "/?q=light&language=en&not_path=*slides*",
}


def open_all(page: Page) -> None:
    """Unfold what is folded, and what is folded within."""
    page.evaluate("for (const it of document.querySelectorAll('main details')) it.open = true")


@pytest.mark.parametrize("name", [*ADDRESSES, "page"])
def test_nothing_is_wider_than_a_phone(served: str, new_page: NewPage, name: str) -> None:
    page = new_page(served + ADDRESSES.get(name, ASKED), viewport=PHONE)
    if name == "page":
        page.goto(served + first_hit(page))
    page.wait_for_load_state("networkidle")
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("name", [*ADDRESSES, "page"])
def test_axe_finds_no_serious_fault(served: str, new_page: NewPage, name: str) -> None:
    page = new_page(served + ADDRESSES.get(name, ASKED))
    if name == "page":
        page.goto(served + first_hit(page))
    page.wait_for_load_state("networkidle")
    open_all(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half way
        faults = [
            f"{scheme}: {fault['id']}: {fault['help']} ({fault['nodes'][0]['html']})"
            for fault in Axe().run(page).response["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert faults == []


def test_dark_where_the_system_is_dark(served: str, new_page: NewPage) -> None:
    for scheme, is_dark in (("light", False), ("dark", True)):
        page = new_page(served, color_scheme=scheme)
        colour = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour))) < 200) == is_dark


def test_without_script_search_and_heat_still_work(served: str, new_page: NewPage) -> None:
    page = new_page(served, java_script_enabled=False)
    page.locator("#q").fill(QUERY)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("[data-hit]")).to_have_count(12)
    page.locator("[data-hit] h2 a").first.click()
    page.get_by_role("link", name="tungsten").click()
    expect(page.locator("img.heat")).to_have_attribute("src", re.compile("token=2$"))
    expect(page.locator("[data-script-only]").first).to_be_hidden()
    page.get_by_role("link", name="Hit 2").click()
    expect(page.locator(".trail")).to_contain_text("hit 2 of 12")


def test_hostile_text_does_nothing(served: str, new_page: NewPage) -> None:
    page = new_page(served)
    page.locator("#q").fill(f"harmless {HOSTILE}")
    page.keyboard.press("Enter")
    expect(page.locator("#q")).to_have_value(f"harmless {HOSTILE}")
    hit = page.locator("[data-hit]").first
    expect(hit).to_contain_text("<img src=x onerror=alert(3)>.pdf")
    expect(hit).to_contain_text("<script>alert(1)</script>")
    hit.click()
    expect(page.locator(".page-head")).to_contain_text(HOSTILE)
    expect(page.locator(".page-head h1")).to_contain_text(f"page 1 of 1 (printed {HOSTILE_NUMBER})")
    expect(page.locator("#citation")).to_contain_text(f"page 1, printed {HOSTILE_NUMBER}")
    page.locator("[data-chip]").nth(1).click()
    expect(page.locator("[data-chip]").nth(1)).to_have_attribute("aria-current", "true")
    page.goto(f"{served}/overview")
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(3)>.pdf")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelectorAll('main script, [onerror]').length") == 0


def test_an_image_is_chosen_pasted_or_dropped(new_page: NewPage) -> None:
    with serving(half_dark_index, lambda _: PixelEncoder()) as address:
        page = new_page(address)
        page.get_by_text("Search by an image").click()
        dark = {"name": "dark.png", "mimeType": "image/png", "buffer": picture(0)}
        page.locator("#image").set_input_files(dark)
        page.get_by_role("button", name="Find similar pages").click()
        expect(page.locator("[data-hit] h2").first).to_have_text("a.pdf page 1")
        give_an_image(page, "paste", picture(200))
        expect(page.locator("[data-hit] h2").first).to_have_text("b.pdf page 1")
        give_an_image(page, "drop", picture(0))
        expect(page.locator("[data-hit] h2").first).to_have_text("a.pdf page 1")
        page.close()


def give_an_image(page: Page, how: str, image: bytes) -> None:
    page.wait_for_load_state()  # the hits are seen before the script that listens has run
    page.evaluate(GIVE_AN_IMAGE, [how, list(image)])


GIVE_AN_IMAGE = """([how, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "given.png", {type: "image/png"}));
    const event = how === "paste"
        ? new ClipboardEvent(how, {clipboardData: data})
        : new DragEvent(how, {dataTransfer: data});
    dispatchEvent(event);
}"""


def test_a_page_that_waits_for_the_model_goes_on_by_itself(
    new_page: NewPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_loader, "WAIT_S", 0.01)
    may_load = threading.Event()

    def load(_: Fingerprint) -> Encoder:
        may_load.wait()
        return LexicalEncoder()

    index = MemoryIndex(LexicalEncoder().fingerprint)
    library.fill(index)
    with serving(lambda: index, load) as address:
        page = new_page(f"{address}/?q=ferries")
        expect(page.locator("[data-loading]")).to_contain_text("The model is being loaded")
        may_load.set()
        expect(page.locator("[data-hit] h2").first).to_have_text("report.pdf page 3", timeout=15000)
        page.close()
