"""What people read in a release: the report site and the documentation of the models."""

from __future__ import annotations

from pathlib import Path

from orchestration.core.errors import PublishError
from orchestration.core.files import remove_tree
from orchestration.core.settings import Settings
from orchestration.dbt_runner.documentation import (
    DOCUMENTATION_FILE,
    built_relations,
    write_documentation,
)
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import MARTS_FILE, ExportedFile, seal
from orchestration.releases.history import release_folder
from orchestration.report.parts.blocks import FIRST_PAGE

REPORT_DIR = "report"
DOCS_DIR = "docs"


def write_pages(candidate: Candidate) -> list[ExportedFile]:
    """Write the report and the documentation beside the exported marts, and return their sealed files."""
    # Altair takes a second to import.
    from orchestration.report.site import build_site

    folder = candidate.export
    built = built_relations(candidate.warehouse)
    paths = [write_documentation(candidate.dbt_manifest, built, folder / DOCS_DIR)]
    docs = f"../{DOCS_DIR}/{DOCUMENTATION_FILE}"
    paths += build_site(folder / MARTS_FILE, folder / REPORT_DIR, dbt_docs=docs)
    return [seal(path, folder, 0o444) for path in paths]


def rebuild_report(settings: Settings, release: str) -> Path:
    """Build the report of a release again with the present code; return its first page.

    The files of a release never change, so the new report is in `<home>/reports/<release>`. Raises
    PublishError if the release does not exist.
    """
    from orchestration.report.site import build_site

    source = release_folder(settings, release)
    if not (source / MARTS_FILE).is_file():
        raise PublishError(f"There is no release {release}. `csw releases` lists the existing releases.")
    source = source.resolve()
    folder = settings.reports / source.name
    unfinished = folder.with_name(f".{folder.name}")
    for old in (unfinished, folder):
        remove_tree(old)
    docs = source / DOCS_DIR / DOCUMENTATION_FILE
    link = f"../../{settings.releases.name}/{source.name}/{DOCS_DIR}/{DOCUMENTATION_FILE}"
    build_site(source / MARTS_FILE, unfinished, dbt_docs=link if docs.is_file() else None)
    unfinished.rename(folder)
    return folder / FIRST_PAGE


def report_page(release: Path) -> Path:
    """Return the first page of the report in a release's folder."""
    return release / REPORT_DIR / FIRST_PAGE
