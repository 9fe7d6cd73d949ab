"""Ask a system's API: pages, retries, rate limits, and errors in words. dlt's REST client does the work."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dlt.common import jsonpath
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.requests.retry import DEFAULT_RETRY_EXCEPTIONS, Client
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api.config_setup import create_paginator
from requests import Response
from requests.exceptions import (
    ChunkedEncodingError,
    ContentDecodingError,
    HTTPError,
    RequestException,
    SSLError,
)

from orchestration.core.console import LOGGER, PROGRESS
from orchestration.extract import exactjson
from orchestration.extract.errors import ExtractError, RefusedError
from orchestration.extract.systems import System

_log = logging.getLogger(LOGGER)

_LONGEST_MESSAGE = 300
_AGAIN = "Then run the same command again: it continues where it stopped."


@dataclass(frozen=True)
class Patience:
    """How long to wait for a system that is busy or broken."""

    attempts: int = 6
    backoff: float = 1.0
    """Seconds before the second attempt; they double with each further attempt."""
    longest: float = 900.0
    """The longest wait in seconds that the system may ask for."""
    own_pace: bool = True
    """Stay below the requests per second of the system's configuration."""


@dataclass(frozen=True)
class Page:
    """Records of one answer."""

    records: list[Any]
    asked_at: float
    """Epoch seconds just before the request: the records are at least as new."""
    next_params: dict[str, Any] | None
    """Parameters of the next request; None after the last page."""


class CutAnswerError(RequestException):
    """An answer ended too early, or is not JSON."""


class _LongWaitError(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Api:
    """The API of one system, with its key. The key is in no message, log or file."""

    def __init__(self, system: System, url: str, key: str, patience: Patience | None = None) -> None:
        self._system, self._key = system, key
        self._host = urlsplit(url).hostname or url
        self._patience = patience or Patience()
        self._asked_at = 0.0
        client = Client(
            raise_for_status=False,
            exceptions=(*DEFAULT_RETRY_EXCEPTIONS, ContentDecodingError, CutAnswerError),
            request_max_attempts=self._patience.attempts,
            request_backoff_factor=self._patience.backoff,
            request_max_retry_delay=self._patience.longest,
            retry_condition=self._report_attempt,
        )
        self._client = RESTClient(
            base_url=url,
            headers=dict(system.headers),
            auth=BearerTokenAuth(token=key),
            session=client.session,
            config=RuntimeConfiguration(),
        )

    def pages(
        self, path: str, params: Mapping[str, Any], records: str, paginator: Mapping[str, Any]
    ) -> Iterator[Page]:
        """Read a list page by page. Raises RefusedError if the system refuses it, ExtractError otherwise."""
        pages = self._client.paginate(
            path,
            params=copy.deepcopy(dict(params)),
            data_selector=records,
            paginator=create_paginator(dict(paginator)),  # type: ignore[arg-type]
            hooks={"response": [self._check]},
        )
        while True:
            self._take_turn()
            try:
                page = next(pages, None)
                if page is not None and not jsonpath.find_values(records, page.response.json()):
                    raise ValueError(records)
            except Exception as error:
                raise self._explained(error, path) from None
            if page is None:
                return
            found = [record for record in page if isinstance(record, dict)]
            used: Any = page.request.params
            more = dict(used or {}) if page.paginator.has_next_page else None
            yield Page(found, self._asked_at, more)
            if more is None:
                return

    def record(self, path: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        """Return one record and the time of the request. Raises like `pages`."""
        self._take_turn()
        try:
            response = self._client.get(path, params=dict(params), hooks={"response": [self._check]})
        except Exception as error:
            raise self._explained(error, path) from None
        found = response.json()
        return (found if isinstance(found, dict) else {}), self._asked_at

    def _check(self, response: Response, *_: Any, **__: Any) -> None:
        """Parse an answer, or raise; the session then decides whether to ask again."""
        if response.is_redirect:
            return
        if response.status_code >= 400:
            wait = response.headers.get("Retry-After", "").strip()
            if response.status_code == 429 and wait.isdecimal() and int(wait) > self._patience.longest:
                raise _LongWaitError(int(wait))
            raise HTTPError(response=response)
        try:
            document = exactjson.parse(response.content)
        except ValueError:
            raise CutAnswerError(response=response) from None
        # dlt takes the records and the next page from response.json().
        response.json = lambda **_: document  # type: ignore[method-assign]

    def _report_attempt(self, response: Response | None, error: BaseException | None) -> bool:
        """Say what went wrong in an attempt. Never asks for a retry by itself."""
        if response is None and isinstance(error, HTTPError):
            response = error.response
        if response is not None and (response.status_code == 429 or response.status_code >= 500):
            wait = response.headers.get("Retry-After")
            after = f" and asks to wait {wait} s" if wait else ""
            _log.info(
                f"{self._system.title} answers {response.status_code}{after}; trying again", extra=PROGRESS
            )
        elif error is not None and not isinstance(error, HTTPError | _LongWaitError):
            _log.info(f"no whole answer from {self._host}; trying again", extra=PROGRESS)
        return False

    def _take_turn(self) -> None:
        """Wait until the system's rate allows a request."""
        if self._patience.own_pace and self._system.requests_per_second:
            free = self._asked_at + 1 / self._system.requests_per_second
            time.sleep(max(0.0, min(free - time.time(), 1.0)))
        self._asked_at = time.time()

    def _explained(self, error: Exception, path: str) -> ExtractError:
        """Return an error in words, without the key and without the address of a request."""
        name, url_variable = self._system.title, self._system.url_variable
        attempts = f"in {self._patience.attempts} attempts"
        if isinstance(error, _LongWaitError):
            return ExtractError(
                f"{name} asks to wait {error.seconds:.0f} seconds: its limit for this period is used up. "
                "Run the same command later: it continues where it stopped."
            )
        if isinstance(error, HTTPError) and error.response is not None:
            return self._explained_status(error.response, path)
        if isinstance(error, CutAnswerError | ContentDecodingError | ChunkedEncodingError):
            return ExtractError(
                f"{name}'s answer for {path} is incomplete or not JSON, {attempts}. Check whether a proxy "
                f"changes answers, and {url_variable} if you set it. {_AGAIN}"
            )
        if isinstance(error, SSLError):
            return ExtractError(
                f"The certificate of {self._host} is not accepted. If a proxy of your company reads the "
                f"traffic, name its certificate in REQUESTS_CA_BUNDLE. {_AGAIN}"
            )
        if isinstance(error, RequestException):
            return ExtractError(
                f"{self._host} cannot be reached, {attempts} ({type(error).__name__}). Check the network, "
                f"the proxy (HTTPS_PROXY) and {url_variable} if you set it. {_AGAIN}"
            )
        if isinstance(error, ValueError | TypeError | LookupError):
            # The text of such an error may hold a whole answer.
            return ExtractError(
                f"{name}'s answer for {path} has an unknown form. Check {url_variable} if you set it; "
                "otherwise report this."
            )
        raise error

    def _explained_status(self, response: Response, path: str) -> ExtractError:
        name, status, variable = self._system.title, response.status_code, self._system.key_variable
        if status == 401:
            return ExtractError(
                f"{name} does not accept the key in {variable} (401). It is wrong, revoked or expired. Set a "
                f"valid key. {_AGAIN}"
            )
        said = self._message(response)
        if status == 403:
            return RefusedError(
                f"The key in {variable} may not read {path} (403){said} Give the key the right to read it. "
                f"{_AGAIN}",
                status,
            )
        if status == 429 or status >= 500:
            what = "still asks to slow down" if status == 429 else "fails"
            return ExtractError(
                f"{name} {what} after {self._patience.attempts} attempts ({status}){said} Wait some minutes. "
                f"{_AGAIN}"
            )
        return RefusedError(f"{name} refuses {path} ({status}){said}", status)

    def _message(self, response: Response) -> str:
        """Return the system's own explanation after a colon, or a full stop."""
        try:
            found = jsonpath.find_values(self._system.error, exactjson.parse(response.content))
        except (ValueError, RequestException):
            found = []
        if not found or not isinstance(found[0], str):
            return "."
        text = " ".join(found[0].replace(self._key, "***").split())[:_LONGEST_MESSAGE].rstrip(".")
        return f": {text}."
