"""What a person does with one page, in a real browser: read, copy, zoom, go to where it matches."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage

ASKED = "/?q=carbon+dioxide+in+the+air"
SENTENCE = (
    "Two gases make up 99 hundredths of dry air. Most of what is left is argon, 0.93 per cent by\n"
    "volume; carbon dioxide has about four parts in ten thousand. Water vapour comes on top, from"
)
PHONE = {"width": 360, "height": 740}


def open_best(served: str, new_page: NewPage, **options: object) -> Page:
    page = new_page(served + ASKED, **options)
    page.locator("[data-hit] h2 a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("earth-report.pdf, page 2 of 7")
    page.wait_for_load_state()
    return page


def copied(page: Page, selector: str) -> str:
    page.evaluate(
        "selector => getSelection().selectAllChildren(document.querySelector(selector))", selector
    )
    return str(page.evaluate("getSelection().toString()"))


def n_sharp(page: Page, name: str) -> int:
    return page.locator(f"[data-sharp={name}]").count()


def is_in_sight(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => {
              const box = document.querySelector(".is-current").getBoundingClientRect();
              const around = document.querySelector("[data-canvas]").getBoundingClientRect();
              return box.top >= around.top && box.bottom <= Math.min(around.bottom, innerHeight)
                && box.left >= around.left && box.right <= around.right;
            }"""
        )
    )


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}, {"java_script_enabled": False}])
def test_the_text_is_copied_as_it_stands_there(
    served: str, new_page: NewPage, options: dict[str, object]
) -> None:
    page = open_best(served, new_page, **options)
    if options.get("java_script_enabled", True):
        assert SENTENCE in copied(page, ".page-text")
    else:
        expect(page.locator(".page-text")).to_contain_text("Two gases make up 99 hundredths")


def test_the_browser_finds_and_the_mouse_selects_words_over_the_picture(
    served: str, new_page: NewPage
) -> None:
    page = open_best(served, new_page)
    assert page.evaluate("window.find('parts in ten thousand')")
    assert page.evaluate("getSelection().toString()") == "parts in ten thousand"
    page.evaluate("getSelection().empty()")
    first = page.locator(".page-text tspan", has_text="gases").bounding_box()
    last = page.locator(".page-text tspan", has_text="hundredths").bounding_box()
    assert first is not None and last is not None
    page.mouse.move(first["x"] + 1, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] / 2, steps=5)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()") == "gases make up 99 hundredths"


def test_words_lie_over_their_pictures(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    for zoom in ("fit", "page", "2"):
        page.locator(f'[data-zoom="{zoom}"]').click()
        # the outline of the hot word comes from its box, the text from the text layer
        box = page.locator(".word-boxes rect").first.bounding_box()
        name = page.locator(".hot-list button").first.inner_text()
        word = page.locator(".page-text tspan").filter(has_text=name.split()[0]).first
        text = word.bounding_box()
        assert box is not None and text is not None
        assert text["x"] == pytest.approx(box["x"], abs=1.5)
        assert text["width"] == pytest.approx(box["width"], abs=2)
        assert text["y"] == pytest.approx(box["y"], abs=0.25 * box["height"])


def test_above_its_size_the_page_is_drawn_from_its_file(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    page.wait_for_timeout(400)
    assert n_sharp(page, "page") == n_sharp(page, "heat") == 0  # the preview is large enough
    page.locator('[data-zoom="2"]').click()
    heat = page.locator("[data-sharp=heat]")
    expect(heat).to_have_count(1)
    natural, shown = heat.evaluate("image => [image.naturalWidth, image.clientWidth]")
    assert natural == pytest.approx(shown, abs=3)  # a pixel for each
    page.keyboard.press("h")  # without heat it is the page itself
    expect(page.locator("[data-sharp=page]")).to_have_count(1)
    expect(heat).to_have_count(0)
    before = page.locator("[data-sharp=page]").get_attribute("src")
    page.locator("[data-canvas]").evaluate("canvas => canvas.scrollTop += 900")
    expect(page.locator("[data-sharp=page]")).not_to_have_attribute("src", str(before))
    page.locator('[data-zoom="fit"]').click()
    expect(page.locator("[data-sharp]")).to_have_count(0)


def test_where_nothing_can_be_drawn_the_preview_stays(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    page.route("**/region?*", lambda route: route.fulfill(status=404, body="gone"))
    page.locator('[data-zoom="2"]').click()
    page.wait_for_timeout(600)
    assert n_sharp(page, "page") == n_sharp(page, "heat") == 0
    expect(page.locator("[data-preview]")).to_be_visible()


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE])
def test_it_opens_at_the_strongest_place_and_keys_lead_on(
    served: str, new_page: NewPage, viewport: dict[str, int]
) -> None:
    page = open_best(served, new_page, viewport=viewport)
    said = page.locator("[data-place-said]")
    expect(said).to_have_text("place 1 of 5")
    first = page.locator(".is-current rect").first.get_attribute("x")
    page.keyboard.press("m")
    expect(said).to_have_text("place 2 of 5")
    assert page.locator(".is-current rect").first.get_attribute("x") != first
    assert is_in_sight(page)
    page.keyboard.press("M")
    page.keyboard.press("M")
    expect(said).to_have_text("place 5 of 5")
    page.locator('[data-zoom="2"]').click()
    page.get_by_role("button", name="Next place").click()
    expect(said).to_have_text("place 1 of 5")
    assert is_in_sight(page)


def test_the_match_stays_in_sight_when_it_is_zoomed(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    for zoom in ("1", "2", "1", "2"):
        page.locator(f'[data-zoom="{zoom}"]').click()
        assert is_in_sight(page)


def test_a_page_whose_match_is_far_down_opens_there(served: str, new_page: NewPage) -> None:
    page = new_page(served + ASKED, viewport={"width": 1280, "height": 500})
    address = page.locator("[data-hit] h2 a").first.get_attribute("href")
    page.goto(f"{served}{str(address).partition('?')[0]}?q=standard+atmosphere+pressure")
    page.wait_for_load_state()
    assert page.locator("[data-canvas]").evaluate("canvas => canvas.scrollTop") > 100


def test_citation_link_and_path_are_copied(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = page.url.partition("?")[0]
    clipboard = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy", exact=True).click()
    said = page.evaluate(clipboard)
    assert said.startswith("“Planet Earth in Figures”, ")
    assert said.endswith(f"earth-report.pdf, page 2\n{link}")
    page.get_by_role("button", name="Copy link").click()
    assert page.evaluate(clipboard) == link
    page.get_by_role("button", name="Copy path").click()
    assert page.evaluate(clipboard).endswith("/samples/earth-report.pdf")


def test_the_file_opens_in_a_tab_of_its_own_at_the_page(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page)
    link = page.get_by_role("link", name="Open the PDF at this page")
    address = str(link.get_attribute("href"))
    assert address.endswith("/original#page=2")
    assert link.get_attribute("target") == "_blank"
    assert page.request.get(served + address).body().startswith(b"%PDF-")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == "earth-report.pdf"


def test_the_text_stays_unseen_where_colours_are_forced(served: str, new_page: NewPage) -> None:
    page = open_best(served, new_page, forced_colors="active")
    fill = page.locator(".page-text text").first.evaluate("text => getComputedStyle(text).fill")
    assert fill == "rgba(0, 0, 0, 0)"
