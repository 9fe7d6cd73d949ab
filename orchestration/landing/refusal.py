"""Why a whole file is not loaded."""

from __future__ import annotations


class FileRefusedError(Exception):
    """A file is refused whole. The text is the reason, in words for the person who delivered it."""

    def __init__(self, reason: str, rows: int = 0, share: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rows = rows
        """Records in the file, as far as they can be counted."""
        self.share = share
        """Share of rejected rows, where that was the reason."""
