"""Words for invented names and remarks. Any match with real persons or companies is a coincidence."""

COMPANY_FIRST = (
    "Alder", "Amber", "Anchor", "Aspen", "Beacon", "Birch", "Blue Heron", "Bramble", "Cedar", "Cobalt",
    "Copper", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Hazel", "Juniper", "Kestrel", "Lantern",
    "Maple", "Meridian", "Möwe", "North Pier", "Orchard", "Pebble", "Quartz", "Rowan", "Saffron", "Tidal",
    "Umbra", "Vesper", "Willow", "Zenith", "Élan", "Čapek",
)  # fmt: skip
COMPANY_SECOND = (
    "Analytics", "Clinics", "Foods", "Freight", "Instruments", "Labs", "Learning", "Media", "Mills",
    "Outfitters", "Partners", "Robotics", "Software", "Supply", "Systems", "Works",
)  # fmt: skip
COMPANY_FORM = ("Inc", "Ltd", "GmbH", "Group", "& Co", "SA", "B.V.", "Holdings, Inc.")
FIRST_NAMES = (
    "Ada", "Amir", "Bea", "Carlos", "Chloe", "Dana", "Elif", "Emil", "Farah", "Goran", "Hana", "Ines",
    "Ivan", "Jonas", "Kofi", "Lena", "Liam", "Mara", "Mei", "Nils", "Noor", "Olga", "Omar", "Priya",
    "Rafael", "Rosa", "Sven", "Tara", "Uma", "Victor", "Yara", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bergman", "Castillo", "Dietz", "Eriksen", "Fontaine", "Grau", "Hoshino", "Ilves", "Jansen",
    "Kaya", "Lindqvist", "Moreau", "Novak", "O'Neal", "Patel", "Quist", "Rossi", "Sato", "Tanaka",
    "Ueda", "Vogel", "Weiss", "Xu", "Yilmaz", "Zeller", "Ashby", "Brandt", "Cole",
)  # fmt: skip
ROLES = (
    "Owner", "Head of Operations", "Team Lead", "Analyst", "Engineer", "Finance Manager", "Project Manager",
)  # fmt: skip
SENIORITY = (5, 4, 3, 1, 1, 3, 2)
"""Rank of each role. Persons with rank 4 or higher decide on purchases."""
OWNERS = (
    ("Nadia Holm", "Peter Quayle", "Sofia Brandao", "Tom Achterberg"),
    ("Irene Castell", "Marcus Okafor", "Yuki Arai"),
    ("Helena Storm", "David Achebe"),
)
"""Customer success managers by segment."""
REMARKS_LOW = (
    "Too expensive for what we use.", "Support took days to answer.", "We miss exports, filters and an API.",
    "The last update broke our workflow.", "Hard to set up; half of the team gave up.",
)  # fmt: skip
REMARKS_MIDDLE = (
    "Does the job.", "Good, but reports are slow.", "Fine so far, onboarding could be shorter.",
    "Useful; the price went up again.", "OK for now.",
)  # fmt: skip
REMARKS_HIGH = (
    "Saves us hours every week.", "Great support, quick answers!", "The whole team uses it daily.",
    "Easy to use, easy to explain. 🚀", 'Our CFO calls it "indispensable".',
)  # fmt: skip
AGENTS = (
    "Agnes Roth", "Ben Okoye", "Clara Lund", "Dmitri Vale", "Eva Quint", "Femi Adler", "Greta Moss",
    "Hugo Sand",
)  # fmt: skip
SUBJECTS = (
    ("How do I share a report?", "Where are the filters?", "Question about dashboards", "Change of currency"),
    ("Export fails", "The dashboard does not load", "Wrong totals in a report", "An error since the update"),
    ("Question about an invoice", "Please change our billing address", "Charged twice?"),
    ("Cannot log in", "A colleague needs access", "Single sign-on stopped working"),
    ("Please add a calendar view", "An API for exports?", "Reports by e-mail every Monday"),
)  # fmt: skip
"""Subjects of tickets by category."""
CALL_NOTES = (
    "Went through the open points.", "Wants to see the roadmap.", "Agreed on the next steps.",
    "New colleagues join next month.",
)  # fmt: skip
