"""The errors of an extract."""

from __future__ import annotations

from orchestration.core.errors import CswError


class ExtractError(CswError):
    """A system cannot be read. What was read so far is kept, and the next extract continues there."""


class RefusedError(ExtractError):
    """The system refused one object, by its answer `status`. The other objects may still be read."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
