"""Take the screenshots of the web page in docs/images.

    python recipes/page_images.py --out docs/images

Requires Chromium and its driver (Debian: chromium, chromium-driver), selenium and Pillow. Starts a
server on the loopback interface.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

_SCALE = 1.2


class Screenshot(NamedTuple):
    """A screenshot of one part of the page; width and maximum height in CSS pixels."""

    name: str
    part: str
    width: int
    dark: bool = False
    max_height: int = 10_000


SCREENSHOTS = (
    Screenshot("page-wide", "compare", 1180),
    Screenshot("page-align-dark", "align", 1180, dark=True),
    Screenshot("page-narrow", "compare", 390, max_height=1560),
)


def open_browser(width: int, *, dark: bool) -> webdriver.Chrome:
    """Open a headless Chromium."""
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--hide-scrollbars",
        "--no-sandbox",
        "--disable-dev-shm-usage",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    _resize(driver, width, 900)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    return driver


def _resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": _SCALE, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def take_screenshot(address: str, screenshot: Screenshot, out: Path) -> Path:
    """Take one screenshot when the page shows its results."""
    driver = open_browser(screenshot.width, dark=screenshot.dark)
    try:
        driver.get(f"{address}/#{screenshot.part}")
        result = {"compare": ".group", "align": ".pair", "search": "#query"}[screenshot.part]
        deadline = time.monotonic() + 30
        while not driver.find_elements(By.CSS_SELECTOR, result):
            if time.monotonic() > deadline:
                raise SystemExit(f"{address} shows no results")
            time.sleep(0.1)
        height = driver.execute_script("return document.documentElement.scrollHeight")
        _resize(driver, screenshot.width, min(height, screenshot.max_height))
        time.sleep(0.5)  # until the similarity map is drawn
        image = Image.open(io.BytesIO(driver.get_screenshot_as_png()))
        path = out / f"{screenshot.name}.webp"
        image.convert("RGB").save(path, quality=55, method=6)
        return path
    finally:
        driver.quit()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "babelite", "serve", "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = server.stderr.readline().rpartition(" ")[2].strip()
        for screenshot in SCREENSHOTS:
            path = take_screenshot(address, screenshot, options.out)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
