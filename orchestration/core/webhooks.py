"""Posts JSON to a web hook. A hook that fails never stops a run."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Mapping

WEBHOOK_SECONDS = 10

log = logging.getLogger("csw")


def post_json(url: str, content: Mapping[str, object], variable: str) -> bool:
    """Post `content` and return whether the hook took it. A failure is a warning that names `variable`.

    The warning does not repeat the address, because the address of a hook is a secret.
    """
    if not url.startswith(("https://", "http://")):
        log.warning("%s is not an http address, so nothing was posted.", variable)
        return False
    try:
        request = urllib.request.Request(
            url, data=json.dumps(content).encode(), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS):
            return True
    except (OSError, ValueError) as error:
        log.warning("The message could not be posted to %s: %s", variable, type(error).__name__)
        return False
