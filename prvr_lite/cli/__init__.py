"""The commands of ``prvr-lite``, one file each: ``add(commands)`` declares it, ``run`` runs it."""

from __future__ import annotations

from prvr_lite.cli.main import main

__all__ = ["main"]
