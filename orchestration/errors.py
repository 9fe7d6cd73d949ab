"""Errors that a user can cause and mend: each says what, where, and what to do next."""


class CswError(Exception):
    """Base of every error that the command line prints as a message, never as a traceback."""


class SettingsError(CswError):
    """An option or an environment variable has a value that cannot work."""


class ContractError(CswError):
    """A landing contract in the sources YAML is incomplete or contradicts itself."""


class LandingError(CswError):
    """The landing folder as a whole cannot be used (single bad files are refused, not raised)."""


class BuildError(CswError):
    """dbt could not build the candidate, or a dbt test found wrong data."""


class AuditError(CswError):
    """The candidate release did not pass its audit; nothing was published."""


class PublishError(CswError):
    """A release cannot be made current: tampered, unaudited, outdated or missing."""


class LockedError(CswError):
    """Another run holds the warehouse."""


class QueryError(CswError):
    """A query for the current release cannot be answered."""
