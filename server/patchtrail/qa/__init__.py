"""Run tests for people who want to know whether something works."""

from patchtrail.qa.pytest_runner import PytestRunner

__all__ = ["PytestRunner"]
