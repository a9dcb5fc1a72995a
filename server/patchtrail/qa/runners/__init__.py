"""Runners: one way each to run a kind of tests in the sandbox, and to believe what came of it."""

__all__: list[str] = []
