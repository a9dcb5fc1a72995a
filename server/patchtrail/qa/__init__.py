"""Find out for people whether something works, and how well it was debugged."""

from patchtrail.qa.case import Case
from patchtrail.qa.junit_failures import failures_of_junit
from patchtrail.qa.order import AssessmentError, Means, Order, assess_apart
from patchtrail.qa.pytest_runner import PytestRunner

__all__ = ["AssessmentError", "Case", "Means", "Order", "PytestRunner", "assess_apart", "failures_of_junit"]
