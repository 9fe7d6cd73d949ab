"""The user on record for an action, such as an acceptance or a withdrawal."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """Return the name of the user of this process, or the user id if the name is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
