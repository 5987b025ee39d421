"""Take the pictures of the server's page that are in docs/images.

    python recipes/page_images.py --out docs/images

It needs Chromium and its driver (Debian: chromium, chromium-driver), selenium and Pillow. The
server is started for it, on the loopback interface.
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


class Picture(NamedTuple):
    """A picture of the page: which part, how wide, in which colours, how high at most."""

    name: str
    part: str
    width: int
    dark: bool = False
    most: int = 10_000


PICTURES = (
    Picture("page-wide", "compare", 1180),
    Picture("page-align-dark", "align", 1180, dark=True),
    Picture("page-narrow", "compare", 390, most=1560),
)


def browser(width: int, *, dark: bool) -> webdriver.Chrome:
    """A headless Chromium."""
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


def take(address: str, picture: Picture, out: Path) -> Path:
    """Take one picture, once the page has its results."""
    driver = browser(picture.width, dark=picture.dark)
    try:
        driver.get(f"{address}/#{picture.part}")
        result = {"compare": ".group", "align": ".pair", "search": "#query"}[picture.part]
        until = time.monotonic() + 30
        while not driver.find_elements(By.CSS_SELECTOR, result):
            if time.monotonic() > until:
                raise SystemExit(f"{address} shows no results")
            time.sleep(0.1)
        height = driver.execute_script("return document.documentElement.scrollHeight")
        _resize(driver, picture.width, min(height, picture.most))
        time.sleep(0.5)  # the picture of the similarities is drawn
        image = Image.open(io.BytesIO(driver.get_screenshot_as_png()))
        path = out / f"{picture.name}.webp"
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
        for picture in PICTURES:
            path = take(address, picture, options.out)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
