"""Who does what people are held to: accept a finding, withdraw a file."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The name of whoever runs this process, or the number of the user where the system knows no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
