"""The export as Parquet: read back by DuckDB, with everything that was kept and nothing that was withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from patchtrail.evaluation.export_manifest import read_export
from tests.cli.curating import RECORDS, export, project, run
from tests.evaluation.attempt_records import TRACES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Keep six attempts, five of them with a verdict."""
    return project(tmp_path)


def asked(folder: Path, *queries: str) -> list[list[tuple[object, ...]]]:
    """Return what DuckDB answers through the export's view file, which is run where the export lies."""
    views = (folder / "views.sql").read_text().replace("'attempts/", f"'{folder}/attempts/")
    with duckdb.connect() as connection:
        connection.execute(views)
        return [connection.execute(query).fetchall() for query in queries]


def test_parquet_is_what_was_kept(root: Path) -> None:
    """DuckDB, by the view file, sees every attempt with its fields, its verdict and its category, however spelled."""
    folder = export(root, "--format", "parquet")
    rows, by_rule = asked(
        folder,
        "SELECT attempt_id, rule_category, cost_usd, tokens_used, validation_result, trace_id, verdict, findings"
        " FROM attempts ORDER BY attempt_id",
        "SELECT rule_id, patches, tries FROM patches_by_rule",
    )

    assert [row[0] for row in rows] == [one.attempt_id for one in RECORDS]
    assert rows[0][1:7] == ("unused-import", 0.5, 10, True, None, "bad")
    assert rows[4][1] == "import order/1"
    assert rows[5][6] is None
    assert json.loads(rows[0][7])[0]["file_path"] == "one.py"
    assert by_rule == [("F401", 3, 5), ("I001", 1, 1)]
    assert len(list(folder.glob("attempts/*/*.parquet"))) == 2


def test_nothing_withdrawn_is_in_it(root: Path) -> None:
    """A withdrawn session is gone from the next export, from its table and from its manifest."""
    export(root)
    run(root, "curate", "withdraw", TRACES[0])

    folder = export(root)

    assert asked(folder, "SELECT attempt_id FROM attempts ORDER BY 1") == [[("a001",), ("a002",), ("a005",), ("a006",)]]
    assert [one.attempt_id for one in read_export(folder).sources] == ["a001", "a002", "a005", "a006"]
    assert read_export(folder).counts == {"chat lines": 2, "preference pairs": 1, "attempts": 4}


def test_the_same_is_exported_the_same(root: Path) -> None:
    """Two exports of the same attempts have equal hashes, Parquet's too."""
    first = read_export(export(root)).files

    assert read_export(export(root)).files == first
