"""The web page: its files, and its use in a real browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from babelite import Encoder
from babelite.server import Service
from babelite.server.web_page import page_files

from .conftest import running

pytestmark = pytest.mark.slow

PATIENCE = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
DRIVER = shutil.which("chromedriver")


def test_the_page_loads_no_external_resources(api: httpx.Client) -> None:
    policy = api.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for content, _ in page_files().values():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"//\w|@import|url\(|innerHTML|<script>|style=|\son\w+=", text)


def test_every_file_that_the_page_refers_to_exists(api: httpx.Client) -> None:
    page = api.get("/")
    assert page.headers["content-type"].startswith("text/html")
    scripts = [path for path in page_files() if path.endswith(".js")]
    referred = re.findall(r'(?:src|href)="([^#"]+)"', page.text)
    for path in scripts:
        referred += re.findall(r'from "\./([^"]+)"', api.get(path).text)
    for name in referred:
        assert api.get(f"/{name}").status_code == 200, name
    assert api.head("/").status_code == 200


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Chromium and its driver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--window-size=1200,1000"):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium has no sandbox for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Iterator[webdriver.Chrome]:
    """The page in a browser; fails if the browser logs a warning."""
    browser.get("about:blank")
    browser.get(address)
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []


def texts(driver: webdriver.Chrome, selector: str) -> list[str]:
    """The texts of elements, read in one step because they may be replaced."""
    script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)"
    found: list[str] = driver.execute_script(script, selector)
    return found


def wait(driver: webdriver.Chrome, selector: str, wanted: str) -> None:
    """Wait until an element contains a text."""

    def shown(_: webdriver.Chrome) -> bool:
        return any(wanted in text for text in texts(driver, selector))

    WebDriverWait(driver, PATIENCE, 0.05).until(shown, f"{selector} does not contain {wanted!r}")


def field(driver: webdriver.Chrome, name: str) -> WebElement:
    return driver.find_element(By.ID, name)


def write(driver: webdriver.Chrome, name: str, text: str) -> None:
    element = field(driver, name)
    WebDriverWait(driver, PATIENCE, 0.05).until(
        lambda _: element.is_displayed() and element.is_enabled(), f"{name} cannot be edited"
    )
    element.clear()
    element.send_keys(text)


def groups(driver: webdriver.Chrome) -> list[list[str]]:
    script = """return [...document.querySelectorAll(".group")].map(
        group => [...group.querySelectorAll(".text")].map(text => text.innerText))"""
    found: list[list[str]] = driver.execute_script(script)
    return found


def pixels(driver: webdriver.Chrome) -> str:
    found: str = driver.execute_script('return document.getElementById("cells").toDataURL()')
    return found


def test_examples_are_grouped(page: webdriver.Chrome) -> None:
    wait(page, "#compare-status", "17 sentences, 5 groups of translations, 1 without a match.")
    assert [
        "Where is the nearest train station?",
        "Où se trouve la gare la plus proche ?",
        "¿Dónde está la estación de tren más cercana?",
        "Wo ist der nächste Bahnhof?",
    ] in groups(page)
    assert texts(page, "#languages") == ["English, French, German, Italian, or Spanish"]
    assert len(texts(page, "#names li")) == 17


def test_entered_sentences_are_compared(page: webdriver.Chrome) -> None:
    wait(page, "#compare-status", "17 sentences")
    late = ["The train is late.", "Der Zug hat Verspätung.", "Il treno è in ritardo."]
    write(page, "sentences", f"{late[0]}\n<b>It</b> is raining.\n{late[1]}\n\n  \n{late[2]}")
    wait(page, "#compare-status", "4 sentences, 1 group of translations, 1 without a match.")
    assert groups(page) == [late, ["<b>It</b> is raining."]]
    before = pixels(page)
    page.execute_script(
        """const slider = document.getElementById("threshold");
        slider.value = 0.99; slider.dispatchEvent(new Event("input"));"""
    )
    wait(page, "#compare-status", "4 sentences, 0 groups of translations, 4 without a match.")
    assert texts(page, "#threshold-value") == ["0.99"]
    assert pixels(page) != before
    write(page, "sentences", " ")
    wait(page, "#compare-status", "Enter some sentences.")


def test_text_that_the_model_cannot_read_is_counted(page: webdriver.Chrome) -> None:
    wait(page, "#compare-status", "17 sentences")
    write(page, "sentences", "The train is late.\n你好")
    wait(page, "#compare-status .warning", "1 sentence has no word or number")
    field(page, "tab-align").click()
    wait(page, "#align-status", "6 and 7 sentences")
    write(page, "target", "谢谢。再见。")
    wait(page, "#align-status .warning", "2 texts have no word or number")
    field(page, "tab-search").click()
    write(page, "query", "你好")
    wait(page, "#search-status", "No line was found.")
    wait(page, "#search-status .warning", "1 text has no word or number")


def test_the_matrix_is_usable_with_the_keyboard(page: webdriver.Chrome) -> None:
    wait(page, "#compare-status", "17 sentences")
    canvas = field(page, "cells")
    page.execute_script("arguments[0].focus()", canvas)
    wait(page, "#readout b", "1.00")
    canvas.send_keys(Keys.ARROW_RIGHT)
    wait(page, "#readout", "Where is the nearest train station?")
    wait(page, "#readout", "Où se trouve la gare la plus proche ?")
    score = float(texts(page, "#readout b")[0])
    assert 0.5 < score < 1


def test_two_texts_are_aligned(page: webdriver.Chrome) -> None:
    field(page, "tab-compare").send_keys(Keys.ARROW_RIGHT)
    wait(page, "#align-status", "6 and 7 sentences in 5 segment pairs; 1 unmatched.")
    assert not field(page, "compare").is_displayed()
    assert texts(page, ".pair.unmatched p") == ["Die Nachbarn sind sehr freundlich."]
    write(page, "source", "It rains. The cat sleeps.")
    write(page, "target", "Es regnet. Die Katze schläft. Wir gehen ins Kino.")
    wait(page, "#align-status", "2 and 3 sentences in 2 segment pairs; 1 unmatched.")


def test_the_index_is_searched(page: webdriver.Chrome) -> None:
    tab = field(page, "tab-search")
    WebDriverWait(page, PATIENCE).until(lambda _: tab.is_displayed())
    tab.click()
    write(page, "query", "The cat is asleep.")
    wait(page, ".hit", "Le chat dort sur le canapé.")
    assert texts(page, ".hit")[0].startswith("Le chat dort")
    assert "lines.txt, line 5" in texts(page, ".hit small")[0]


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_the_page_fits_any_width(page: webdriver.Chrome, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wait(page, "#compare-status", "17 sentences")
        for part in ("compare", "align"):
            field(page, f"tab-{part}").click()
            wait(page, f"#{part}-status", "sentences")
            script = "return document.documentElement.scrollWidth"
            assert page.execute_script(script) <= width
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: webdriver.Chrome, scheme: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    script = """
        const style = getComputedStyle(document.documentElement);
        return arguments[0].map(name => style.getPropertyValue(name).trim());
    """
    names = ["--paper", "--card", "--ink", "--quiet", "--accent", "--warm", "--bad"]
    colours = [luminance(colour) for colour in page.execute_script(script, names)]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    for ground in colours[:2]:
        for ink in colours[2:]:
            low, high = sorted((ground, ink))
            assert (high + 0.05) / (low + 0.05) >= 4.5
    assert (colours[0] < 0.1) == (scheme == "dark")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_control_has_an_accessible_name(page: webdriver.Chrome) -> None:
    wait(page, "#compare-status", "17 sentences")
    script = """return [...document.querySelectorAll("button, input, textarea, select, canvas")]
        .filter(element => element.checkVisibility())"""
    elements = page.execute_script(script)
    assert len(elements) > 8
    for element in elements:
        assert element.accessible_name, element.get_attribute("outerHTML")


def test_the_page_shows_a_form_for_the_key(browser: webdriver.Chrome, encoder: Encoder) -> None:
    with running(Service(encoder), ["open sesame"]) as address:
        browser.get(address)
        wait(browser, "#key-form", "This server requires an API key.")
        write(browser, "key", "wrong" + Keys.ENTER)
        wait(browser, "#key-form", "This server requires an API key.")
        write(browser, "key", "open sesame" + Keys.ENTER)
        wait(browser, "#compare-status", "17 sentences, 5 groups")
        assert not field(browser, "key-form").is_displayed()
        browser.get("about:blank")
    browser.get_log("browser")  # it contains the refused requests
