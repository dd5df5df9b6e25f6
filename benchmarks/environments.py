"""What benchmarks need that try the wheel in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1800  # seconds that an installation may take


def build_wheel(folder: Path) -> Path:
    """Builds the wheel of this checkout into a folder."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, timeout=LIMIT)
    (wheel,) = folder.glob("prvr_lite-*.whl")
    return wheel


def program_of(environment: Path) -> Path:
    """Returns the Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(program: Path, *wanted: str) -> None:
    """Installs packages into the environment of a Python."""
    pip = [str(program), "-m", "pip", "install", "-q", *wanted]
    subprocess.run(pip, check=True, timeout=LIMIT)
