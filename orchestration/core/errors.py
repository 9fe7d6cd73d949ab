"""Errors that a user can cause and mend: each says what, where, and what to do next."""


class CswError(Exception):
    """Base of every error that the command line prints as a message, never as a traceback."""

    exit_code: int = 1
    """What the command line ends with; docs/commands.md has the table."""


class SettingsError(CswError):
    """An option or an environment variable has a value that cannot work."""


class ContractError(CswError):
    """A landing contract in the sources YAML is incomplete or contradicts itself."""


class LandingError(CswError):
    """The landing folder as a whole cannot be used (single bad files are refused, not raised)."""


class BuildError(CswError):
    """dbt could not build the candidate, or a dbt test found wrong data."""


class AuditError(CswError):
    """A release did not pass its audit, or differs more than a limit allows; it is not published."""

    exit_code = 3


class PublishError(CswError):
    """A release cannot be made current: tampered, unaudited, outdated or missing."""


class LockedError(CswError):
    """Another run holds the warehouse."""

    exit_code = 4


class QueryError(CswError):
    """A query for the current release cannot be answered."""
