"""The commands of ``prvr-lite``, one file each: ``add(commands)`` declares one, ``run`` does it."""

from __future__ import annotations

from prvr_lite.cli.main import main

__all__ = ["main"]
