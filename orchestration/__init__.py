"""The pipeline around the dbt project: it lands files, and builds, audits and publishes the warehouse."""

import time

STARTED = time.monotonic()
"""The start of this program, before it imports anything else. A run counts its seconds from here."""
