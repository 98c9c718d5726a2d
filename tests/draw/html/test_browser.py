"""The page in a real browser: keys, clicks, address, theme, what is announced, and what is not loaded."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.draw.html.chains import dense, named, residual

pytestmark = pytest.mark.slow
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
LAST = 14  # steps of 2-4-1


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on PATH: apt install chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "en": dense((2, 4, 1)),
        "zh": dense((2, 4, 1), lang="zh"),
        "deep": dense((3, *[4] * 12, 1), hidden="relu"),
        "residual": residual(),
        "named": named(),
        "before": dense((2, 4, 1), backward=False),
    }
    return {name: chain.html(folder / f"{name}.html") for name, chain in made.items()}


Open = Callable[..., Any]


@pytest.fixture
def show(browser: Any, files: dict[str, Path]) -> Iterator[Open]:
    """Open a page; at the end of the test nothing may have been complained about or asked of the network."""
    contexts, complaints, asked = [], [], []

    def open_page(name: str = "en", address: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(files[name].as_uri() + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}


def position(page: Any) -> int:
    """The step shown, which the counter, the address and the one visible article must agree on."""
    n = int(page.inner_text("#position").split("/")[0])
    visible = page.evaluate(
        "[...document.querySelectorAll('.step')].map((s, i) => s.hidden ? 0 : i + 1).filter(Boolean)"
    )
    assert visible == [n]
    assert n == 1 or page.url.endswith(f"#step={n}")
    return n


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).first.bounding_box()
    return found


def colour(page: Any, selector: str, what: str = "backgroundColor") -> str:
    found: str = page.evaluate("([s, w]) => getComputedStyle(document.querySelector(s))[w]", [selector, what])
    return found


def test_keys(show: Open) -> None:
    page = show()
    assert position(page) == 1
    for key, n in [
        ("ArrowRight", 2), ("ArrowDown", 3), ("ArrowLeft", 2), ("ArrowUp", 1), ("ArrowUp", 1), ("End", LAST),
        ("ArrowRight", LAST), ("Home", 1), ("Control+ArrowRight", 1),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert position(page) == n, key


def test_buttons(show: Open) -> None:
    page = show()
    assert page.is_disabled("#previous")
    for button, n in [("#next", 2), ("#turn", 6), ("#previous", 5), ("#last", LAST), ("#first", 1)]:
        page.click(button)
        assert position(page) == n, button
    page.click("#last")
    assert page.is_disabled("#next")


def test_a_click_on_the_picture_goes_to_that_quantity(show: Open) -> None:
    page = show()
    page.locator(".quantity[data-step='12']").click()
    assert position(page) == 12
    assert "dW[1]" in page.inner_text("#announcer")
    now = page.locator(".quantity.now")
    assert now.count() == 1
    assert now.get_attribute("data-step") == "12"
    assert page.locator(".quantity.used").count() == 2  # dZ[1] and X


def test_a_click_on_what_is_used_goes_where_it_was_computed(show: Open) -> None:
    page = show(address="#step=8")
    page.click(".step:not([hidden]) .chips a >> nth=1")
    assert page.inner_text("#announcer").startswith("Forward, step 2 of 14: A[1] = tanh(Z[1])")


def test_what_is_not_yet_computed_is_faint(show: Open) -> None:
    page = show()
    assert page.locator("g.node.later").count() > 5
    page.keyboard.press("End")
    assert page.locator(".later").count() == 0


def test_the_address_names_the_step(show: Open) -> None:
    page = show(address="#step=12")
    assert position(page) == 12
    page.keyboard.press("ArrowRight")
    page.reload()
    assert position(page) == 13
    page.go_back()
    assert position(page) == 12
    for address, n in [("#step=999", LAST), ("#step=0", 1), ("#nothing", 1)]:
        page.evaluate("address => { location.hash = address }", address)
        page.wait_for_function(f"document.getElementById('position').textContent.startsWith('{n} ')")


@pytest.mark.parametrize(
    ("lang", "first", "twelfth"),
    [
        ("en", "Forward, step 1 of 14: Z[1] = W[1] X + b[1]", "Backward, step 12 of 14: dW[1] = (1/m) dZ[1] Xᵀ"),
        ("zh", "前向，第 1 步，共 14 步：Z[1] = W[1] X + b[1]", "反向，第 12 步，共 14 步：dW[1] = (1/m) dZ[1] Xᵀ"),
    ],
)
def test_each_step_is_announced(show: Open, lang: str, first: str, twelfth: str) -> None:
    page = show(lang)
    assert page.get_attribute("#announcer", "aria-live") == "polite"
    assert page.inner_text("#announcer") == first
    page.evaluate("location.hash = 'step=12'")
    page.wait_for_function("text => document.getElementById('announcer').textContent === text", arg=twelfth)


def test_the_step_shows_formula_matrices_and_check(show: Open) -> None:
    page = show(address="#step=12")
    step = page.locator(".step:not([hidden])")
    assert step.locator(".formula math").count() == 2
    assert step.locator(".card").count() == 3
    assert step.locator(".result tr").count() == 4
    assert step.locator(".check.ok").inner_text().startswith("✓ Checked 4 of 8 entries by central difference")
    fraction = step.locator(".formula mfrac").bounding_box()
    assert fraction["height"] > 1.5 * fraction["width"]  # typeset, not a line of text


def test_theme_follows_the_system_until_it_is_chosen(show: Open) -> None:
    page = show(color_scheme="dark")
    dark = colour(page, "body")
    assert page.inner_text("#theme b") == "Auto"
    page.click("#theme")
    assert page.inner_text("#theme b") == "Light"
    light = colour(page, "body")
    assert light != dark
    page.reload()
    assert (page.inner_text("#theme b"), colour(page, "body")) == ("Light", light)
    page.click("#theme")
    assert (page.inner_text("#theme b"), colour(page, "body")) == ("Dark", dark)
    page.emulate_media(color_scheme="light")
    assert colour(page, "body") == dark
    page.click("#theme")
    assert (page.inner_text("#theme b"), colour(page, "body")) == ("Auto", light)


def test_the_picture_changes_colours_with_the_theme(show: Open) -> None:
    page = show()
    light = colour(page, "#frame polygon", "fill")
    page.emulate_media(color_scheme="dark")
    assert colour(page, "#frame polygon", "fill") != light == "rgb(255, 255, 254)"


def test_motion_is_left_out_when_asked(show: Open) -> None:
    assert colour(show(reduced_motion="no-preference"), "#frame g", "transitionDuration") == "0.18s"
    assert colour(show(reduced_motion="reduce"), "#frame g", "transitionDuration") == "0s"


def test_focus_is_visible(show: Open) -> None:
    page = show()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("name", ["en", "zh", "deep", "residual", "named", "before"])
def test_a_phone_scrolls_sideways_in_the_picture_only(show: Open, name: str) -> None:
    page = show(name, viewport=PHONE)
    total = int(page.inner_text("#position").split("/")[1])
    for n in range(1, total + 1):
        page.evaluate("n => { location.hash = `step=${n}` }", n)
        page.wait_for_function(f"document.getElementById('position').textContent.startsWith('{n} ')")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], n
    assert page.evaluate("document.getElementById('frame').scrollWidth") > PHONE["width"]
    assert box(page, "#frame")["y"] < box(page, "#steps")["y"]


def test_on_a_phone_the_picture_follows_the_step_and_folds_away(show: Open) -> None:
    page = show(viewport=PHONE, reduced_motion="reduce")
    page.keyboard.press("End")
    now, frame = box(page, ".quantity.now"), box(page, "#frame")
    assert frame["x"] <= now["x"] + now["width"] / 2 <= frame["x"] + frame["width"]
    assert frame["y"] <= now["y"] + now["height"] / 2 <= frame["y"] + frame["height"]
    page.click("#fold")
    assert (page.get_attribute("#fold", "aria-expanded"), page.is_visible("#frame")) == ("false", False)
    page.click("#fold")
    assert page.is_visible("#frame")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_words_stay_inside_their_buttons_on_a_phone(show: Open, lang: str) -> None:
    page = show(lang, viewport=PHONE)
    for button in page.locator("nav button:visible").all():
        place = button.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= PHONE["width"]


def test_every_step_of_every_page_can_be_shown(show: Open) -> None:
    for name in ("deep", "residual", "named", "before"):
        page = show(name)
        total = int(page.inner_text("#position").split("/")[1])
        for n in range(2, total + 1):
            page.keyboard.press("ArrowRight")
            assert position(page) == n


def test_print_shows_every_step_and_no_buttons(show: Open) -> None:
    page = show()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".step:visible").count() == LAST
    assert page.locator(".step .card").count() > 2 * LAST
    assert not page.is_visible("nav")
