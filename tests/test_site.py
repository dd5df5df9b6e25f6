"""The website: made without running anything, whole, and readable in a browser, offline.

PRVR_LITE_SHOTS=folder keeps pictures of some pages, wide and narrow, light and dark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from jupyter_lab import browser, console_errors, resize

for needed in ("myst_nb", "sphinx_book_theme"):
    pytest.importorskip(needed, reason="the extra `site` is not installed")

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("http:", "https:", "mailto:", "data:", "javascript:")
WIDE, NARROW, HEIGHT = 1200, 400, 900  # px
SHOTS = ("index.html", "notebooks/01_partially_relevant.html", "notebooks/03_encoders.html")
SHOTS += ("docs/experiments.html", "api/prvr_lite.search.html", "search.html?q=medoid")
# What a page shows once its formulas are drawn: [faults, number of formulas].
SEEN = """
const done = arguments[arguments.length - 1];
const drawn = window.MathJax && MathJax.startup ? MathJax.startup.promise : Promise.resolve();
const images = [...document.querySelectorAll('main img')];
images.forEach(image => { image.loading = 'eager'; });
const there = images.map(image => image.decode().then(() => '', () => 'no picture ' + image.src));
drawn.then(() => Promise.all(there)).then(found => {
  const wrong = found.filter(word => word);
  const maths = [...document.querySelectorAll('.math')];
  if (maths.some(part => !part.querySelector('mjx-container'))) wrong.push('formula not drawn');
  document.querySelectorAll('mjx-merror').forEach(part => wrong.push('formula ' + part.innerText));
  performance.getEntriesByType('resource').map(entry => entry.name).forEach(name => {
    if (!name.startsWith(location.origin) && !name.startsWith('data:')) wrong.push('from ' + name);
  });
  done([wrong, maths.length]);
});
"""
TOO_WIDE = """
const room = document.documentElement.clientWidth;
const wide = [...document.querySelectorAll('article *')].filter(part => {
  for (let up = part; up && up.tagName !== 'ARTICLE'; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible') return false;  // scrolls by itself
  return part.getBoundingClientRect().right > room + 1;
});
const page = document.documentElement.scrollWidth;
return wide.length || page > room ? `${page} px in ${room}: ` + wide.slice(0, 3).map(
  part => part.tagName + '.' + part.className + ' ' + part.innerText.slice(0, 40)).join('; ') : '';
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the site; made as `make site` makes it."""
    out, began = tmp_path_factory.mktemp("site") / "site", time.monotonic()
    command = [sys.executable, str(ROOT / "docs" / "site" / "make_site.py"), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 180
    return out


class Page(HTMLParser):
    """Where a page leads to, what it shows, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.images: list[dict[str, str]] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") not in ("next", "prev", "canonical"):
            self.sources.append(found["href"])
        self.sources += [found["src"]] if "src" in found else []
        self.images += [found] if tag == "img" else []


def test_no_link_and_no_picture_is_missing(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    pages = {path: page for path, page in pages.items() if "_static" not in path.parts}
    assert len(pages) > 35
    wrong = []
    for path, page in pages.items():
        name = path.relative_to(site)
        wrong += [f"{name}: from elsewhere: {one}" for one in page.sources if one[:4] == "http"]
        wrong += [f"{name}: no words for {i['src']}" for i in page.images if not i.get("alt")]
        for link in page.links + page.sources:
            file, anchor = urldefrag(link)
            if link.startswith(OUTSIDE):
                continue
            target = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
            known = pages.get(target)
            if not target.exists() or (anchor and known and unquote(anchor) not in known.ids):
                wrong.append(f"{name}: {link}")
    assert wrong == []


def test_pictures_of_lessons_keep_their_words(site: Path) -> None:
    page = Page((site / "notebooks" / "01_partially_relevant.html").read_text(encoding="utf-8"))
    words = [image["alt"] for image in page.images]
    assert any(text.startswith("Film test_001b, 29.0 s, as thumbnails") for text in words)
    assert any("Histogram of moment-to-video ratios" in text for text in words)


def test_badges_become_links_that_show_offline() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "site"))
    from make_site import shown

    text = "# 1 · Title\n\n[![Open in Colab](https://a.b/c.svg)](https://d.e/f.ipynb)\n\nAnd so on."
    cell = {"cell_type": "markdown", "metadata": {}, "source": [text]}
    made = shown({"cells": [cell]}, "01_title.ipynb")["cells"][0]["source"]
    assert "[Open in Colab](https://d.e/f.ipynb){.button}" in made
    assert made.startswith(
        "# 1 · Title\n\nTo download: [the exercises](path:exercises/01_title.ipynb)"
    )
    assert ".svg" not in made


@pytest.fixture(scope="module")
def reader(site: Path) -> Iterator[tuple[Any, str]]:
    """A browser, and the address at which the site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with browser() as driver:
            yield driver, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def shot(driver: Any, name: str) -> None:
    """Pictures of the open page, if somebody asked for them."""
    if folder := os.environ.get("PRVR_LITE_SHOTS"):
        for mode in ("light", "dark"):
            driver.execute_script(f"document.documentElement.dataset.theme = '{mode}'")
            stem = name.replace("/", "-").partition(".html")[0]
            width = driver.execute_script("return innerWidth")
            driver.save_screenshot(str(Path(folder) / f"{stem}-{width}-{mode}.png"))


def test_every_page_can_be_read(site: Path, reader: tuple[Any, str]) -> None:
    """Wide and narrow: no error, no missing picture or formula, nothing from elsewhere."""
    (driver, url), wrong, formulas = reader, [], 0
    names = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    for name in (name for name in names if not name.startswith("_")):
        resize(driver, NARROW, HEIGHT)
        driver.get(f"{url}/{name}")
        faults, number = driver.execute_async_script(SEEN)
        formulas += number
        faults += [too_wide] if (too_wide := driver.execute_script(TOO_WIDE)) else []
        faults += console_errors(driver)
        wrong += [f"{name}: {fault}" for fault in faults]
        if name in SHOTS:
            shot(driver, name)
            resize(driver, WIDE, HEIGHT)
            driver.get(f"{url}/{name}")
            driver.execute_async_script(SEEN)
            shot(driver, name)
    assert wrong == []
    assert formulas > 100


def test_search_finds_medoid(reader: tuple[Any, str]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    driver, url = reader
    driver.get(f"{url}/{SHOTS[-1]}")
    found = "return [...document.querySelectorAll('#search-results li a')].map(one => one.href)"
    links = WebDriverWait(driver, 30).until(lambda _: driver.execute_script(found))
    WebDriverWait(driver, 30).until(
        lambda _: any("05_clip_clustering" in one for one in driver.execute_script(found))
    )
    shot(driver, SHOTS[-1])
    assert links
    assert console_errors(driver) == []
