"""Run tests for people who want to know whether something works."""

from patchtrail.qa.junit_failures import failures_of_junit
from patchtrail.qa.pytest_runner import PytestRunner

__all__ = ["PytestRunner", "failures_of_junit"]
