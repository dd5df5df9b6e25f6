"""JupyterLab in a Chromium without a window, for tests that look at what a reader would see."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE: Final = 110  # s that one step may take; selenium itself gives up at 120
WIDE, NARROW = 1280, 700  # px of the window; on the narrow one there is no room for a side bar
KERNEL: Final = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
QUIET: Final = {  # no question about news on the first visit, no look for updates
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": (
        '{"fetchNews": "false", "checkForUpdates": false}'
    ),
}

PANEL: Final = "const panel = jupyterapp.shell.currentWidget;"
OPEN: Final = """
const done = arguments[arguments.length - 1];
jupyterapp.commands.execute('docmanager:open', {path: arguments[0], factory: 'Notebook'})
  .then(panel => panel.context.ready.then(() => panel.revealed)
    .then(() => panel.sessionContext.ready))
  .then(() => done(''), error => done(String(error)));
"""
START: Final = "window.underWay = jupyterapp.commands.execute('notebook:run-all-cells');"
END: Final = """
const done = arguments[arguments.length - 1];
window.underWay.then(() => done(''), error => done(String(error)));
"""
CLOSE: Final = """
const done = arguments[arguments.length - 1], panel = jupyterapp.shell.currentWidget;
if (!panel || !panel.sessionContext) { done(''); return; }
panel.sessionContext.shutdown().then(() => panel.dispose())
  .then(() => done(''), error => done(String(error)));
"""
IDLE: Final = f"{PANEL} return panel.sessionContext.session.kernel.status === 'idle';"
OUTPUTS: Final = f"""{PANEL}
return panel.content.widgets.filter(cell => cell.model.type === 'code')
  .map(cell => [cell.model.sharedModel.getSource(), cell.model.outputs.toJSON()]);
"""
SHOW: Final = f"""{PANEL}
const cells = panel.content.widgets;
const at = cells.findLastIndex(cell => cell.model.type === 'code'
  && cell.model.sharedModel.getSource().includes(arguments[0]));
panel.content.activeCellIndex = at;
panel.content.scrollToItem(at, 'start');
const output = cells[at].node.querySelector('.jp-Cell-outputWrapper');
if (output) output.scrollIntoView({{block: 'start'}});
const box = output && output.getBoundingClientRect();
return box && box.height && box.top >= 0 && box.top < innerHeight ? output : null;
"""


class Lab:
    """One open JupyterLab: a notebook at a time, driven as a reader drives it."""

    def __init__(self, driver: Any, url: str, folder: Path) -> None:
        self.driver, self.url, self.folder = driver, url, folder

    def load(self) -> None:
        """Load the page once; notebooks are opened within it."""
        self.driver.get(f"{self.url}/lab?reset")
        ready = "return window.jupyterapp ? jupyterapp.restored.then(() => true) : false"
        self.until(lambda: self.driver.execute_script(ready), "JupyterLab did not load")

    def resize(self, width: int, height: int = 1200) -> None:
        """Set the inner size of the window; the side bar is folded where there is no room."""
        resize(self.driver, width, height)
        fold = "expandLeft" if width == WIDE else "collapseLeft"
        self.driver.execute_script(f"jupyterapp.shell.{fold}()")
        self.until(lambda: self.driver.execute_script("return innerWidth") == width, "no resize")

    def open(self, cells: Sequence[NotebookNode], name: str) -> None:
        """Open a notebook of these cells, in place of the one that is open, with a fresh kernel.

        Args:
            name: of the file; a number goes before it, so that none was ever open before.
        """
        path = self.folder / f"{len(list(self.folder.iterdir()))}-{name}"
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
        self._call(CLOSE)
        self.console()  # what other notebooks said is not held against this one
        self.resize(WIDE)
        self._call(OPEN, path.name)

    def run(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Run all cells to the end; the source and the outputs of each code cell.

        Raises:
            AssertionError: a cell ended in a traceback.
        """
        self.start()
        return self.ended()

    def start(self) -> None:
        """Begin to run all cells."""
        self.driver.execute_script(START)

    def ended(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Wait for what was started; see ``run``."""
        self._call(END)
        cells = [(source, outputs) for source, outputs in self.driver.execute_script(OUTPUTS)]
        for source, outputs in cells:
            for output in outputs:
                assert output["output_type"] != "error", f"{source}\n{output}"
        return cells

    def settle(self) -> None:
        """Wait until the kernel has answered everything."""
        self.until(lambda: self.driver.execute_script(IDLE), "the kernel does not come to rest")

    def output(self, source: str) -> Any:
        """The element with the output of the last cell that has `source` in it, scrolled to."""
        complaint = f"no output of {source!r}"
        return self.until(lambda: self.driver.execute_script(SHOW, source), complaint)

    def console(self) -> list[str]:
        """Errors that the browser's console got since the last call."""
        return console_errors(self.driver)

    def shot(self, name: str) -> None:
        """Keep a picture of the window, if somebody asked for it."""
        folder = os.environ.get("PRVR_LITE_SHOTS")
        if folder:
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def until(self, condition: Callable[[], Any], complaint: str) -> Any:
        """The first true answer of `condition`; TimeoutException with the complaint otherwise."""
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1)
        return waiting.until(lambda _: condition(), complaint)

    def _call(self, script: str, *arguments: str) -> None:
        error = self.driver.execute_async_script(script, *arguments)
        assert not error, error


@contextmanager
def jupyter_lab(folder: Path, state: Path) -> Iterator[Lab]:
    """JupyterLab with the notebooks of `folder`, shown in a browser; skips where there is none.

    Args:
        folder: what the reader sees. state: an empty folder for settings, kept from the reader's.
    """
    with browser() as driver, _server(folder, state) as url:
        lab = Lab(driver, url, folder)
        lab.load()
        yield lab


def resize(driver: Any, width: int, height: int) -> None:
    """Set the inner size of a browser's window."""
    setting = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", setting)


def console_errors(driver: Any) -> list[str]:
    """Errors that a browser's console got since the last call."""
    return [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window; skips where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    helper = shutil.which("chromedriver")
    if not (program and helper):
        pytest.skip("no Chromium with its chromedriver here")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "SEVERE"})
    service = webdriver.ChromeService(executable_path=helper)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def _server(folder: Path, state: Path) -> Iterator[str]:
    """The address of a server of this Python's JupyterLab, for as long as it is needed."""
    pytest.importorskip("jupyterlab", reason="the extra `lessons` is not installed")
    for name, text in QUIET.items():
        (state / "settings" / name).parent.mkdir(parents=True)
        (state / "settings" / name).write_text(text, encoding="utf-8")
    port = _free_port()
    settings = {
        "ServerApp.port": port, "ServerApp.port_retries": 0, "ServerApp.root_dir": folder,
        "ServerApp.open_browser": False, "IdentityProvider.token": "", "ServerApp.password": "",
        "ServerApp.allow_root": True, "LabApp.expose_app_in_browser": True,
        "LabApp.user_settings_dir": state / "settings", "LabApp.workspaces_dir": state / "spaces",
    }  # fmt: skip
    if os.name == "posix":  # ports of kernels are chosen before they are bound: two tests collide
        settings |= {"KernelManager.transport": "ipc", "KernelManager.ip": state / "kernel"}
    command = [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in settings.items())]
    log = state / "server.log"
    with log.open("w", encoding="utf-8") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream, env=_variables(state))
        try:
            yield _answer(f"http://127.0.0.1:{port}", server, log)
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)


def _variables(state: Path) -> dict[str, str]:
    """Of this process, but for what would make a lesson static, and the reader's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PRVR_LITE", "JUPYTER"))}
    own = {name: str(state / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    return {**kept, **own, "PRVR_LITE_RUNS": str(state / "runs"), "OMP_NUM_THREADS": "1"}


def _answer(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    """The address, once the server answers there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{url}/api", timeout=5):
                return url
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"no JupyterLab at {url}:\n{log.read_text(encoding='utf-8')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
