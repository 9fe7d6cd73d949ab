"""docs/glossary.md has one term for each thing, and names in the project use only that term."""

from __future__ import annotations

import re

from orchestration.core.settings import PROJECT_DIR
from tests.compiled import project_models

ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \|([^|]*)\|$", flags=re.MULTILINE)


def glossary() -> list[tuple[str, str, list[str]]]:
    """Terms, their meanings, and the synonyms that no name may use."""
    text = (PROJECT_DIR / "docs" / "glossary.md").read_text(encoding="utf-8")
    return [
        (term.strip(), meaning.strip(), [word.strip() for word in words.split(",") if word.strip()])
        for term, meaning, words in ROW.findall(text)
        if term.strip() != "term" and not set(term) <= {"-"}
    ]


def test_no_model_column_or_macro_uses_another_word_than_the_glossary() -> None:
    avoided = {word.replace(" ", "_") for _, _, words in glossary() for word in words}
    assert "booking" in avoided
    names = {f"{model}.{column}" for model, columns in project_models().items() for column in columns}
    names |= set(project_models())
    for folder in ("models", "macros", "seeds", "data_tests"):
        for path in (PROJECT_DIR / folder).rglob("*.sql"):
            names |= {path.stem, *path.relative_to(PROJECT_DIR).parts[:-1]}
            names |= {f"{path.stem}: {name}" for name in output_names(path.read_text(encoding="utf-8"))}
    wrong = [
        name for name in sorted(names) for word in avoided if re.search(rf"(^|[^a-z]){word}([^a-z]|$)", name)
    ]
    assert wrong == []


def output_names(sql: str) -> set[str]:
    """Names of columns, common table expressions and macros in a query."""
    return {
        *re.findall(r"\bas ([a-z_]+)\b(?!\s*\()", sql),
        *re.findall(r"^(?:with (?:recursive )?)?([a-z_]+) as \($", sql, flags=re.MULTILINE),
        *re.findall(r"\{%-? macro ([a-z_]+)", sql),
    }


def test_every_term_is_explained_once_in_plain_words() -> None:
    terms = [term for term, _, _ in glossary()]
    assert len(terms) >= 30
    assert len(set(terms)) == len(terms)
    for term, meaning, _ in glossary():
        assert meaning.endswith("."), term
        for sentence in re.split(r"(?<=[.:]) ", meaning):
            assert len(sentence.split()) <= 25, sentence
