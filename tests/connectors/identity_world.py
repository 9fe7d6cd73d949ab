"""A messy set of records of companies, with the company of each as the truth.

Evidence is true, or fits several companies: shared domains, mail providers, addresses at two companies, keys
of two accounts, circles of merges. No rule may join two companies.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

from tests.connectors.identity_reference import CRMS, Contact, Key, Record, Resolver, World, long_id


@dataclass
class _Maker:
    """Adds companies to a world, one after the other."""

    random: random.Random
    world: World
    number: int = 0
    linked: dict[Key, Key] = field(default_factory=dict)
    """Records that a person links to an account of a CRM."""

    def key(self, system: str) -> str:
        """Return a new key. Systems number their records alike."""
        self.number += 1
        if system == "salesforce":
            return long_id("001" + "".join(self.random.choices(string.ascii_letters + string.digits, k=12)))
        if system in ("hubspot", "pipedrive", "zendesk"):
            taken = {key for found, key in self.world.records if found == system}
            return next(str(number) for number in range(1, 9999) if str(number) not in taken)
        return f"{system[:3]}_{self.number}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def crm_records(self, company: int, domain: str | None, systems: list[str]) -> list[Record]:
        found = []
        for system in systems:
            own = self.random.choice((domain, domain, domain, None, "gmail.com"))
            record = Record(system, self.key(system), company, domain=own, is_deleted=self.chance(0.1))
            found.append(self.world.add(record))
            if self.chance(0.2) and system != "generic":
                found += self.merged(record, domain)
        return found

    def merged(self, winner: Record, domain: str | None) -> list[Record]:
        """Return losers of a chain of merges into a record, which may be a circle."""
        chain = []
        target = winner.key
        for _ in range(self.random.randint(1, 3)):
            loser = Record(winner.system, self.key(winner.system), winner.company, domain, merged_into=target)
            loser.is_deleted = self.chance(0.9)
            chain.append(self.world.add(loser))
            target = loser.key
        if self.chance(0.2):
            chain[0].merged_into = chain[-1].key
        elif self.chance(0.1):
            chain[0].merged_into = "never delivered"
        return chain

    def billing(self, company: int, domain: str | None, crm: list[Record], people: list[str]) -> None:
        for _ in range(self.random.choice((0, 1, 1, 2, 3))):
            system = self.random.choice(("stripe", "chargebee"))
            email = self.random.choice(
                (
                    f"pay{self.number}@{domain}" if domain else None,
                    f"me{self.number}@gmail.com",
                    None,
                    *people,
                )
            )
            customer = self.world.add(Record(system, self.key(system), company, email=email))
            if crm and self.chance(0.3):
                self.refer(customer, self.random.choice(crm))
            if crm and self.chance(0.1):
                self.linked[customer.id] = self.random.choice(crm).id
            if self.chance(0.3):
                child = Record(system, self.key(system), company, parent=customer.key)
                self.world.add(child)

    def help_desk(self, company: int, domain: str | None, crm: list[Record]) -> None:
        for _ in range(self.random.choice((0, 1, 1, 2))):
            domains = self.random.choice(((), (domain,), (domain, f"{domain}.test"), ("gmail.com", domain)))
            known = tuple(one for one in domains if domain and one)
            organization = self.world.add(Record("zendesk", self.key("zendesk"), company, domains=known))
            if crm and self.chance(0.2):
                self.refer(organization, self.random.choice(crm))
            holders = [one for one in crm if one.system != "generic"]
            if holders and self.chance(0.1):
                self.world.references.append((self.random.choice(holders).id, organization.key, "zendesk_id"))
            if crm and self.chance(0.1):
                self.linked[organization.id] = self.random.choice(crm).id

    def refer(self, customer: Record, account: Record) -> None:
        """Store the key of one record in the other."""
        fields = {"salesforce": "salesforce_id", "hubspot": "hubspot_id", "stripe": "stripe_id"}
        name = fields.get(account.system, "crm_id")
        if self.chance(0.3) and customer.system == "stripe" and account.system != "generic":
            self.world.references.append((account.id, customer.key, "stripe_id"))
            return
        short = account.system == "salesforce" and self.chance(0.5)
        if (
            name == "crm_id"
            and account.system == "pipedrive"
            and ("hubspot", account.key) not in self.world.records
        ):
            self.key("hubspot")
        self.world.references.append((customer.id, account.key[:15] if short else account.key, name))

    def contacts(self, records: list[Record], people: list[str]) -> None:
        for record in records:
            for email in people:
                if self.chance(0.5):
                    self.number += 1
                    gone = self.chance(0.2)
                    self.world.contacts.append(
                        Contact(record.system, f"c{self.number}", record.key, email, is_deleted=gone)
                    )


def messy_world(seed: int, companies: int = 120) -> World:
    """Return the records of companies in seven systems."""
    maker = _Maker(random.Random(seed), World())
    world = maker.world
    # HubSpot and Pipedrive have records with the same numbers, which are different companies.
    for company in range(companies):
        domain = None if maker.chance(0.15) else f"c{company}.example"
        systems = [system for system in CRMS if maker.chance(0.4)]
        crm = maker.crm_records(company, domain, systems)
        for later, earlier in zip(crm[1:], crm, strict=False):
            if maker.chance(0.2) and later.system != earlier.system and earlier.system != "generic":
                maker.refer(later, earlier)
        people = [f"ann@{domain}" if domain else f"ann{company}@web.de", f"bob{company}@web.de"]
        maker.contacts(crm, people)
        maker.billing(company, domain, crm, people)
        maker.help_desk(company, domain, crm)
    _share_domains(maker, companies)
    _share_persons_and_customers(maker, companies)
    _mislead(maker, companies)
    ids = Resolver(world).own_ids
    world.keys |= {key: ids[account] for key, account in maker.linked.items()}
    return world


def _share_domains(maker: _Maker, companies: int) -> None:
    """Let two companies have one domain, with customers there, and an organization the domains of two."""
    for pair in range(8):
        domain = f"group{pair}.example"
        for company in (companies + 2 * pair, companies + 2 * pair + 1):
            maker.world.add(Record("salesforce", maker.key("salesforce"), company, domain=domain))
            maker.world.add(Record("stripe", maker.key("stripe"), company, email=f"pay{company}@{domain}"))
            maker.world.add(Record("zendesk", maker.key("zendesk"), company, domains=(domain,)))
            if company % 3 == 0:
                maker.world.add(Record("hubspot", maker.key("hubspot"), company, domain=domain))
        sides = tuple(f"{side}{pair}.example" for side in ("left", "right"))
        for place, side in enumerate(sides):
            maker.world.add(
                Record("salesforce", maker.key("salesforce"), companies + 50 + 2 * pair + place, side)
            )
        maker.world.add(Record("zendesk", maker.key("zendesk"), companies + 70 + pair, domains=sides))


def _share_persons_and_customers(maker: _Maker, companies: int) -> None:
    """Let a person be a contact of two companies, and an agency pay with the keys of two accounts."""
    accounts = [
        one for one in maker.world.records.values() if one.system == "salesforce" and not one.merged_into
    ]
    for number in range(8):
        company = companies + 100 + number
        first, second = maker.random.sample(accounts, 2)
        email = f"agency{number}@web.de"
        for account in (first, second):
            maker.world.contacts.append(Contact("salesforce", f"s{number}{account.key}", account.key, email))
        maker.world.add(Record("stripe", maker.key("stripe"), company, email=email))
        payer = maker.world.add(Record("chargebee", maker.key("chargebee"), company))
        if first.company != second.company:
            for account in (first, second):
                maker.world.references.append((payer.id, account.key, "salesforce_id"))
        reseller = maker.world.add(Record("chargebee", maker.key("chargebee"), company + 100))
        maker.world.add(Record("chargebee", maker.key("chargebee"), company + 200, parent=reseller.key))


def _mislead(maker: _Maker, companies: int) -> None:
    """Link customers whose own data name another company, as a person who corrects a match does."""
    accounts = [one for one in maker.world.records.values() if one.is_crm and not one.merged_into]
    named = [one for one in accounts if one.system == "salesforce"]
    for number in range(10):
        right, wrong = maker.random.choice(accounts), maker.random.choice(named)
        is_unknown = maker.chance(0.3)
        company = companies + 500 + number if is_unknown else right.company
        email = f"pay@{wrong.domain or 'gmail.com'}"
        customer = maker.world.add(Record("stripe", maker.key("stripe"), company, email=email))
        if is_unknown:
            maker.world.keys[customer.id] = f"X{company}"
        else:
            maker.linked[customer.id] = right.id
        maker.world.references.append((customer.id, wrong.key, "salesforce_id"))
        maker.world.references.append((wrong.id, customer.key, "stripe_id"))
