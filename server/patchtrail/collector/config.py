"""The collector's configuration: environment variables `PATCHTRAIL_COLLECTOR_*`, or a TOML file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from patchtrail.contract.errors import InvalidInput

__all__ = ["CollectorConfig"]

PREFIX = "PATCHTRAIL_COLLECTOR_"


class CollectorConfig(BaseSettings):
    """Where the collector keeps its data, where it listens, and for which study."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("patchtrail") / "collector",
        description="Folder for the database, the blobs and the keys.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    study_id: str = Field(
        default="default", min_length=1, max_length=64, description="The study that devices enrol in."
    )
    server_token: SecretStr | None = Field(
        default=None, description="Bearer token for reading and inviting; without it one is drawn and kept in data_dir."
    )
    log_host: str = Field(
        default="localhost",
        max_length=200,
        pattern=r"^[^\s+/]+$",
        description="This collector's public name, in the name of its log; the first start fixes it.",
    )
    is_durable: bool = Field(
        default=True, description="Whether a commit is on disk before it is answered. Off only to measure its cost."
    )

    @classmethod
    def load(cls, toml_file: Path | None, **arguments: object) -> CollectorConfig:
        """Return the configuration: arguments win over the environment, the environment over the TOML file.

        Raises pydantic's `ValidationError` naming each wrong setting, `InvalidInput` when the file cannot be read.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        filed = {} if toml_file is None else _read_toml(toml_file)
        from_file = {name: value for name, value in filed.items() if f"{PREFIX}{name.upper()}" not in os.environ}
        return cls.model_validate({**from_file, **given})


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"The configuration file {path} cannot be read: {error}", code="bad_config") from error
