"""Who is who, decided record by record in plain Python, to compare with the models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ORDER = ("generic", "salesforce", "hubspot", "pipedrive", "stripe", "chargebee", "zendesk")
CRMS = ORDER[:4]
FREE_MAIL = {"gmail.com", "web.de"}
FIELDS = {
    "salesforce_id": ("salesforce",),
    "hubspot_id": ("hubspot",),
    "stripe_id": ("stripe",),
    "zendesk_id": ("zendesk",),
    "crm_id": CRMS,
}

Key = tuple[str, str]
"""System and key of a record."""


@dataclass
class Record:
    """A record of a company in a CRM, in billing or in a help desk; `company` is the truth."""

    system: str
    key: str
    company: int
    domain: str | None = None
    email: str | None = None
    parent: str | None = None
    merged_into: str | None = None
    is_deleted: bool = False
    domains: tuple[str, ...] = ()
    """Of an organization of a help desk."""

    @property
    def id(self) -> Key:
        return self.system, self.key

    @property
    def rank(self) -> int:
        return ORDER.index(self.system)

    @property
    def is_crm(self) -> bool:
        return self.system in CRMS

    @property
    def is_account(self) -> bool:
        return self.system != "zendesk"


@dataclass(frozen=True)
class Contact:
    system: str
    id: str
    account: str
    email: str
    is_deleted: bool = False


@dataclass
class World:
    """What all systems delivered."""

    records: dict[Key, Record] = field(default_factory=dict)
    keys: dict[Key, str] = field(default_factory=dict)
    """Account ids that account_keys gives to keys."""
    references: list[tuple[Key, str, str]] = field(default_factory=list)
    """Record, key that it holds, and the field with it."""
    contacts: list[Contact] = field(default_factory=list)

    def add(self, record: Record) -> Record:
        assert record.id not in self.records
        self.records[record.id] = record
        return record


def long_id(key: str) -> str:
    """A Salesforce id with 18 characters."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    if len(key) != 15:
        return key
    parts = (key[start : start + 5] for start in (0, 5, 10))
    return key + "".join(letters[sum(1 << n for n, c in enumerate(part) if c.isupper())] for part in parts)


class Resolver:
    """Applies the rules one after the other; the first that decides a record counts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.links: dict[Key, Key] = {}
        self.rules: dict[Key, str] = {}
        self.alone: set[Key] = set()
        self.own_ids = dict(self._own_ids())
        self.names = {name: key for key, name in self.own_ids.items()}
        for key in list(self.own_ids):
            if key[0] == "salesforce":
                self.names.setdefault(key[1][:15], key)

    def accounts(self) -> dict[Key, tuple[str, str]]:
        """Return the account id and the rule of each record that has an account."""
        for rule in (self._key, self._merge, self._reference, self._domain, self._email, self._parent):
            decided = dict(rule())
            self.links |= decided
        return {
            key: (self._account(key), self.rules.get(key, "own"))
            for key in self.world.records
            if self._at(key) not in self.world.records or self.world.records[self._at(key)].is_account
        }

    def _own_ids(self) -> Iterator[tuple[Key, str]]:
        taken: set[str] = set()
        for record in sorted(self.world.records.values(), key=lambda one: one.rank):
            bare = record.is_crm and record.key not in taken
            yield record.id, record.key if bare else f"{record.system}:{record.key}"
            if record.is_crm:
                taken.add(record.key)

    def _account(self, key: Key) -> str:
        end = self._end(key)
        return self.own_ids.get(end or key, (end or key)[1])

    def _end(self, key: Key) -> Key | None:
        seen = [key]
        while seen[-1] in self.links:
            following = self.links[seen[-1]]
            if following in seen:
                return None
            seen.append(following)
        return seen[-1]

    def _at(self, key: Key) -> Key:
        return self._end(key) or key

    def _decide(self, key: Key, account: Key, rule: str) -> tuple[Key, Key]:
        self.rules[key] = rule
        return key, account

    def _open(self, records: Iterable[Record]) -> list[Record]:
        return [one for one in records if one.id not in self.links and one.id not in self.alone]

    def _key(self) -> Iterator[tuple[Key, Key]]:
        for key, account in self.world.keys.items():
            yield self._decide(key, self.names.get(account, ("generic", account)), "key")

    def _merge(self) -> Iterator[tuple[Key, Key]]:
        steps = {}
        for record in self._open(self.world.records.values()):
            winner = (record.system, record.merged_into or "")
            if winner in self.world.records:
                steps[record.id] = winner
        for key in steps:
            way = [key]
            while way[-1] in steps and way.count(way[-1]) == 1:
                way.append(steps[way[-1]])
            if way[-1] not in steps:
                yield self._decide(key, way[-1], "merge")

    def _reference(self) -> Iterator[tuple[Key, Key]]:
        claims: dict[Key, dict[int, set[Key]]] = defaultdict(lambda: defaultdict(set))
        for holder, reference, name in self.world.references:
            targets = [
                (system, long_id(reference) if system == "salesforce" else reference)
                for system in FIELDS[name]
            ]
            self._claim(claims, holder, [one for one in targets if one in self.world.records], reference)
        for record in self.world.records.values():
            twin = ("salesforce", long_id(record.key))
            if record.system == "generic" and twin in self.world.records:
                self._claim(claims, record.id, [twin], record.key)
        for claimed, by_rank in claims.items():
            if claimed in self.world.keys:
                continue
            first = by_rank[min(by_rank)]
            if len(first) == 1:
                yield self._decide(claimed, next(iter(first)), "reference")
            else:
                self.alone.add(claimed)

    def _claim(
        self, claims: dict[Key, dict[int, set[Key]]], holder: Key, found: list[Key], reference: str
    ) -> None:
        if len(found) > 1 and len(reference) < 15:
            return
        for one in found:
            later, earlier = sorted((holder, one), key=lambda key: -ORDER.index(key[0]))
            account = self._at(earlier)
            rank = ORDER.index(later[0])
            if ORDER.index(earlier[0]) < rank and ORDER.index(account[0]) < rank:
                claims[self._standing(later)][ORDER.index(account[0])].add(account)

    def _standing(self, key: Key) -> Key:
        return self.links[key] if self.rules.get(key) == "merge" else key

    def _domain(self) -> Iterator[tuple[Key, Key]]:
        having: dict[str, list[Record]] = defaultdict(list)
        for record in self.world.records.values():
            if record.is_crm and record.domain and record.domain not in FREE_MAIL:
                having[record.domain].append(record)
        owners = {}
        for domain, records in having.items():
            present = [one for one in records if not one.is_deleted] or records
            found = sorted({self._at(one.id) for one in present}, key=lambda key: ORDER.index(key[0]))
            systems = [key[0] for key in found]
            if len(set(systems)) == len(systems) and all(self._can_join(key, domain) for key in found[1:]):
                owners[domain] = found[0]
        for record in self._open(self.world.records.values()):
            own = record.domain if record.is_crm else (record.email or "").rpartition("@")[2]
            named = {owners[one] for one in (own, *record.domains) if one in owners}
            if len(named) == 1 and ORDER.index(min(named)[0]) < record.rank:
                yield self._decide(record.id, min(named), "domain")

    def _can_join(self, key: Key, domain: str) -> bool:
        record = self.world.records.get(key)
        return record is not None and record.domain == domain and key not in self.alone

    def _email(self) -> Iterator[tuple[Key, Key]]:
        having: dict[str, list[tuple[bool, Key]]] = defaultdict(list)
        for contact in self.world.contacts:
            key = (contact.system, contact.account)
            if contact.system == "generic":
                key = self.names.get(contact.account, key)
            having[contact.email].append((contact.is_deleted, self._at(key)))
        for record in self._open(self.world.records.values()):
            found = having.get(record.email or "", []) if not record.is_crm else []
            accounts = {key for gone, key in found if not gone} or {key for _, key in found}
            if len(accounts) == 1 and next(iter(accounts)) in self.world.records:
                yield self._decide(record.id, next(iter(accounts)), "email")

    def _parent(self) -> Iterator[tuple[Key, Key]]:
        children = {
            record.id: (record.system, record.parent)
            for record in self._open(self.world.records.values())
            if not record.is_crm and record.parent and (record.system, record.parent) in self.world.records
        }
        before = dict(self.links)
        self.links |= children
        good = [key for key in children if (end := self._end(key)) and end[0] in CRMS]
        self.links = before
        for key in good:
            yield self._decide(key, children[key], "parent")
