"""What `.patchtrail.toml` may set for patches, under `[agent]`: strategy and limits.

Never an address, a key, an interpreter or a command: the file comes with a repository, and is not trusted.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from patchtrail.contract.wire import WireModel

__all__ = ["AgentConfig"]


class AgentConfig(WireModel):
    """Strategy and limits of one repository's patches; unknown keys are refused by name."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    strategy: Annotated[
        Literal["auto", "batch", "single"],
        Field(description="`auto` asks for all findings of a file at once and falls back to one by one."),
    ] = "auto"
    max_attempts: Annotated[int, Field(ge=1, le=3, description="Requests to a model per finding or batch.")] = 3
    max_batch: Annotated[int, Field(ge=1, le=50, description="Findings of one file in one request.")] = 10
    max_prompt_tokens: Annotated[int, Field(ge=500, le=200_000, description="Budget of a prompt.")] = 8_000
    max_output_tokens: Annotated[int, Field(ge=100, le=100_000, description="Limit of an answer.")] = 4_000
    timeout_s: Annotated[int, Field(ge=1, le=600, description="Seconds that one request may take.")] = 60
    max_patterns: Annotated[int, Field(ge=0, le=3, description="Learned patterns in a prompt.")] = 3
    approve_patterns: Annotated[
        bool, Field(description="Let detected patterns be tried without a person's approval.")
    ] = False
    run_tests: Annotated[
        bool, Field(description="Run the affected tests in the sandbox before a patch is offered.")
    ] = False
    daily_usd: Annotated[float, Field(ge=0, description="Spending cap per day over this repository; 0 is no cap.")] = (
        5.0
    )
