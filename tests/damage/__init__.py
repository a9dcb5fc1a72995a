"""A damage model: right changes, written down the way real models write them. A test tool, unknown to the product."""

from tests.damage.answers import damaged
from tests.damage.shares import SHARES
from tests.damage.truth import FORMS, Damaged, Form, Truth

__all__ = ["FORMS", "SHARES", "Damaged", "Form", "Truth", "damaged"]
