"""The commands of ``prvr-lite``, one file each: ``add(commands)`` declares one, ``run`` does it."""
