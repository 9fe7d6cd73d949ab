"""Errors that a user can cause and fix. Each message gives the problem, its place and the next step."""


class CswError(Exception):
    """Base of every error that the command line prints as a message, never as a traceback."""

    exit_code: int = 1
    """Exit code of the command line, as docs/commands.md lists it."""


class SettingsError(CswError):
    """An option or an environment variable has an invalid value."""


class ContractError(CswError):
    """A landing contract in the sources YAML is incomplete or contradicts itself."""


class LandingError(CswError):
    """The landing folder or its records are unusable. (The loader refuses a single bad file instead.)"""


class BuildError(CswError):
    """dbt could not build the candidate, or a dbt test failed."""


class AuditError(CswError):
    """A release failed its audit or broke a limit, so it is not published."""

    exit_code = 3


class PublishError(CswError):
    """A release cannot become current: it is modified, unaudited, outdated or missing."""


class LockedError(CswError):
    """Another process holds the warehouse lock."""

    exit_code = 4


class QueryError(CswError):
    """A query on a release failed."""


class UnreadableError(Exception):
    """A relation cannot be queried. The text is one line, without values of rows.

    The caller says what this means for the user.
    """


class SharingError(CswError):
    """A release could not be exported or pushed."""
