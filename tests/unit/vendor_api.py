"""Local HTTP servers that behave like the documented APIs of Stripe, HubSpot and Typeform."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "sk_live_very_secret"

Query = Mapping[str, list[str]]


@dataclass
class Answer:
    """One answer of a server."""

    body: Any = None
    """A document, or the text to send as it is."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    """Bytes that the connection drops at the end."""


class Vendor:
    """A server with objects by path. Tests queue `faults`, which it answers before anything else."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, list[str]]]] = []
        self.headers: list[Mapping[str, str]] = []
        self.faults: list[Answer] = []
        self.faults_at: dict[str, Answer] = {}
        """Answers to every request of a path."""
        self.before: Callable[[], None] = lambda: None
        """Called before each answer."""

    def answer(self, path: str, query: Query) -> Answer:
        raise NotImplementedError

    def respond(self, path: str, query: dict[str, list[str]], headers: Mapping[str, str]) -> Answer:
        self.requests.append((path, query))
        self.headers.append(headers)
        self.before()
        if headers.get("Authorization") != f"Bearer {KEY}":
            return Answer(
                {"error": {"message": "Invalid API key"}, "message": "bad", "description": "bad"}, 401
            )
        if self.faults:
            return self.faults.pop(0)
        return self.faults_at.get(path) or self.answer(path, query)

    def asked(self, path: str) -> list[dict[str, list[str]]]:
        return [query for asked, query in self.requests if asked == path]


class Stripe(Vendor):
    """Lists newest first, with has_more and starting_after; keeps events."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.page = 2

    def answer(self, path: str, query: Query) -> Answer:
        parts = unquote(path).removeprefix("/v1/").split("/")
        if parts == ["events"]:
            wanted = [*query.get("type", []), *query.get("types[]", [])]
            found = [event for event in self.events if any(_matches(event["type"], one) for one in wanted)]
            return self.listed(found, query)
        records = self.objects.get(parts[0], [])
        if len(parts) == 1:
            return self.listed(records, query)
        found = [record for record in records if record["id"] == parts[1]]
        if not found:
            return Answer({"error": {"message": f"No such record: '{parts[1]}'"}}, 404)
        if len(parts) == 3:
            return self.listed(found[0]["_all"], query)
        return Answer(_public(found[0]))

    def listed(self, records: list[dict[str, Any]], query: Query) -> Answer:
        since = int(query.get("created[gte]", ["0"])[0])
        found = [record for record in records if record.get("created", since) >= since]
        if after := query.get("starting_after"):
            ids = [record["id"] for record in found]
            if after[0] not in ids:
                return Answer({"error": {"message": f"No such record: '{after[0]}'"}}, 400)
            found = found[ids.index(after[0]) + 1 :]
        page = [_public(record) for record in found[: self.page]]
        return Answer({"object": "list", "data": page, "has_more": len(found) > self.page})


def _matches(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def _public(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if not name.startswith("_")}


class HubSpot(Vendor):
    """Lists by id, with paging.next.after; live and archived records apart."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, list[dict[str, Any]]] = {}
        self.archived: dict[str, list[dict[str, Any]]] = {}

    def answer(self, path: str, query: Query) -> Answer:
        parts = path.removeprefix("/crm/v3/").removeprefix("objects/").split("/")
        if len(parts) == 4:
            return Answer({"results": [{"id": "999", "type": f"{parts[0]}_to_{parts[3]}"}]})
        source = self.archived if query.get("archived") == ["true"] else self.live
        records = source.get(parts[0], [])
        start = int(query.get("after", ["0"])[0])
        answer: dict[str, Any] = {"results": records[start : start + 2]}
        if len(records) > start + 2:
            answer["paging"] = {"next": {"after": str(start + 2), "link": "https://elsewhere.invalid/"}}
        return Answer(answer)


class Typeform(Vendor):
    """Forms by page number; responses newest first, with since and before."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.responses: dict[str, list[dict[str, Any]]] = {}

    def answer(self, path: str, query: Query) -> Answer:
        parts = path.removeprefix("/forms").strip("/").split("/")
        if parts == [""]:
            start = 2 * (int(query["page"][0]) - 1)
            page = [{"id": form["id"], "title": form["title"]} for form in self.forms[start : start + 2]]
            return Answer({"items": page, "page_count": (len(self.forms) + 1) // 2})
        if len(parts) == 1:
            return Answer(next(form for form in self.forms if form["id"] == parts[0]))
        found = self.responses.get(parts[0])
        if found is None:
            return Answer({"code": "FORM_NOT_FOUND", "description": "not found"}, 404)
        since = query.get("since", [""])[0]
        found = [one for one in found if one["submitted_at"] >= since]
        if before := query.get("before"):
            found = found[[one["token"] for one in found].index(before[0]) + 1 :]
        return Answer({"items": found[:2], "total_items": len(found)})


@contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    """Serve a vendor's API on a free port; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            answer = vendor.respond(parts.path, parse_qs(parts.query), dict(self.headers))
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            body = text.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) - answer.missing])

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
