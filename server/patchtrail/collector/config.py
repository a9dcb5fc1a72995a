"""The collector's configuration: environment variables `PATCHTRAIL_COLLECTOR_*`, or a TOML file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from patchtrail.collector.qa_work import QaPlan
from patchtrail.collector.rates import Rate, Rates
from patchtrail.contract.errors import InvalidInput
from patchtrail.qa import Means
from patchtrail.qa.judge.config import DEFAULT_MODEL
from patchtrail.sandbox.choice import Wanted

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
    dev_token: SecretStr | None = Field(
        default=None,
        description="For development, on loopback only: open traces are created without a token, and this one reads.",
    )
    trusted_proxies: str = Field(
        default="", description="Addresses, with commas, of proxies whose X-Forwarded-For is believed."
    )
    requests_per_minute: int = Field(default=60, ge=1, description="A device's requests that are no uploads.")
    requests_burst: int = Field(default=120, ge=1, description="How many of them at once.")
    uploads_per_minute: int = Field(default=600, ge=1, description="Chunks and artifacts of a device, or open trace.")
    uploads_burst: int = Field(default=6000, ge=1, description="How many of them at once: a drained spool.")
    enrolments_per_minute: int = Field(default=5, ge=1, description="Attempts to enrol, per address.")
    enrolments_per_hour: int = Field(default=20, ge=1, description="Attempts to enrol, in the whole study.")
    open_traces_per_minute: int = Field(default=60, ge=1, description="Open traces that one address creates.")
    session_max_bytes: int = Field(default=200_000_000, ge=1, description="What one trace may store.")
    participant_max_bytes: int = Field(default=2_000_000_000, ge=1, description="What one participant may store.")
    qa_enabled: bool = Field(default=True, description="Whether complete traces are replayed, tested and judged.")
    qa_workers: int = Field(default=1, ge=1, le=64, description="How many traces are assessed at once.")
    qa_timeout_s: float = Field(default=600, gt=0, le=86_400, description="How long one assessment may take.")
    qa_wait_s: int = Field(default=30, ge=0, le=300, description="How long a finalized one-shot trace's answer waits.")
    qa_sandbox: Wanted = Field(default="auto", description="The sandbox's back end: the best that works, or its name.")
    qa_origin_hosts: str = Field(
        default="", description="Hosts, with commas, from which start commits may be fetched; none without it."
    )
    qa_models: str = Field(
        default=DEFAULT_MODEL, description="Models, with commas, that judge where OPENAI_API_KEY is set; all are asked."
    )
    qa_judge_usd: float = Field(default=0.25, ge=0, description="What judging one trace by models may cost, in USD.")
    qa_recipes_dir: Path | None = Field(
        default=None, description="Folder with TASK_ID.toml where a task says itself how its tests are run."
    )
    qa_alignments: str = Field(
        default="", description="Files, with commas, that `patchtrail eval align --json` wrote about the judges."
    )
    webhook_urls: str = Field(default="", description="Addresses, with commas, that are told what happens.")
    webhook_loopback: bool = Field(
        default=False, description="For development: webhooks may be on this machine, over plain HTTP."
    )
    is_durable: bool = Field(
        default=True, description="Whether a commit is on disk before it is answered. Off only to measure its cost."
    )

    @field_validator("dev_token")
    @classmethod
    def _sendable(cls, token: SecretStr | None) -> SecretStr | None:
        value = "x" if token is None else token.get_secret_value()
        if not (value.isascii() and value.isprintable() and value.strip() == value != ""):
            raise ValueError("A development token is printable ASCII, without spaces around it.")
        return token

    def qa_plan(self) -> QaPlan:
        """Return how traces are assessed."""
        means = Means(
            sandbox=self.qa_sandbox,
            origin_hosts=_listed(self.qa_origin_hosts),
            cache_dir=self.data_dir / "qa_cache",
            timeout_s=self.qa_timeout_s,
            models=_listed(self.qa_models) or (DEFAULT_MODEL,),
            judge_usd=self.qa_judge_usd,
        )
        return QaPlan(is_on=self.qa_enabled, workers=self.qa_workers, wait_s=self.qa_wait_s, means=means)

    def webhooks(self) -> tuple[str, ...]:
        """Return the addresses of webhooks."""
        return _listed(self.webhook_urls)

    def alignment_reports(self) -> tuple[Path, ...]:
        """Return where it stands how far judges agree with people."""
        return tuple(map(Path, _listed(self.qa_alignments)))

    def rates(self) -> Rates:
        """Return the rate limits."""
        return Rates(
            device=Rate(self.requests_per_minute, 60, self.requests_burst),
            upload=Rate(self.uploads_per_minute, 60, self.uploads_burst),
            enrolment_address=Rate(self.enrolments_per_minute, 60, self.enrolments_per_minute),
            enrolment_study=Rate(self.enrolments_per_hour, 3600, self.enrolments_per_hour),
            open_address=Rate(self.open_traces_per_minute, 60, self.open_traces_per_minute),
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


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"The configuration file {path} cannot be read: {error}", code="bad_config") from error
