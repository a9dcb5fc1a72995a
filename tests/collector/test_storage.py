"""One owner per data folder, migrations that make the tables, configuration from three places."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from patchtrail.collector import CollectorConfig, FolderInUse, build_service
from patchtrail.collector.blobs import LocalBlobs
from patchtrail.collector.database import Database, migrate
from patchtrail.collector.tables import metadata
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.integrity import digest


def test_migrations_make_the_tables() -> None:
    """A database that was migrated from nothing has exactly the tables of this version."""
    with create_engine("sqlite://").connect() as connection:
        migrate(connection)
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_a_second_collector_is_refused(tmp_path: Path) -> None:
    """Two processes never write one database."""
    service = build_service(CollectorConfig(data_dir=tmp_path))
    with pytest.raises(FolderInUse):
        build_service(CollectorConfig(data_dir=tmp_path))
    service.database.close()
    build_service(CollectorConfig(data_dir=tmp_path)).database.close()


def test_one_failing_write_does_not_spoil_the_others(tmp_path: Path) -> None:
    """Writes that are committed together fail alone."""
    database = Database(tmp_path)
    good = "INSERT INTO upload_tokens VALUES ('{}', 'trace-x', 0)"
    database.write(lambda connection: connection.execute(text("PRAGMA foreign_keys=OFF"))).result()
    futures = [
        database.write(lambda connection, sql=sql: connection.execute(text(sql)).rowcount)
        for sql in (good.format("a"), "INSERT INTO nowhere VALUES (1)", good.format("a"))
    ]
    failed = [future.exception() is not None for future in futures]
    database.close()

    assert failed[1]
    assert failed.count(True) >= 2


def test_keys_and_tokens_are_private_and_kept(tmp_path: Path) -> None:
    """The receipt key and the server token are made once, and readable by their owner only."""
    first = build_service(CollectorConfig(data_dir=tmp_path))
    first.database.close()
    second = build_service(CollectorConfig(data_dir=tmp_path))
    second.database.close()

    assert (first.key.key.jkt, first.server_token) == (second.key.key.jkt, second.server_token)
    for name in ("receipt_key.json", "server_token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert first.server_token not in repr(first)


def test_blobs_are_written_once(tmp_path: Path) -> None:
    """A blob is there whole or not at all; storing it again changes nothing; a missing one is said."""
    blobs, content = LocalBlobs(tmp_path), b"output"
    name = digest.sha256(content)
    blobs.put(name, content)
    blobs.put(name, content)

    assert blobs.get(name) == content
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name]
    with pytest.raises(NotFound):
        blobs.get("0" * 64)


def test_configuration_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win over the environment, the environment over the file, the file over the defaults."""
    file = tmp_path / "collector.toml"
    file.write_text('port = 1\nhost = "0.0.0.0"\nstudy_id = "pilot"\n')
    monkeypatch.setenv("PATCHTRAIL_COLLECTOR_PORT", "2")
    monkeypatch.setenv("PATCHTRAIL_COLLECTOR_HOST", "127.0.0.2")
    config = CollectorConfig.load(file, host="127.0.0.3", port=None)

    assert (config.host, config.port, config.study_id) == ("127.0.0.3", 2, "pilot")


@pytest.mark.parametrize("content", ["port = ", 'port = "many"', "prot = 1"], ids=["no TOML", "wrong type", "unknown"])
def test_wrong_configuration_is_said(tmp_path: Path, content: str) -> None:
    """A file that cannot be read, a wrong value and an unknown setting are each named."""
    file = tmp_path / "collector.toml"
    file.write_text(content)
    with pytest.raises((InvalidInput, ValidationError)):
        CollectorConfig.load(file)
