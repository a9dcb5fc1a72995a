"""What must not be recorded: denied paths, known literals, structural rules, placeholders. Pure."""

from patchtrail.redaction.foreign import redact_fields
from patchtrail.redaction.literals import Literal, from_dotenv, from_environment, from_machine
from patchtrail.redaction.paths import DENIED_PATHS, is_denied, matches
from patchtrail.redaction.placeholder import PLACEHOLDER, placeholder
from patchtrail.redaction.redactor import Redactor

__all__ = [
    "DENIED_PATHS",
    "PLACEHOLDER",
    "Literal",
    "Redactor",
    "from_dotenv",
    "from_environment",
    "from_machine",
    "is_denied",
    "matches",
    "placeholder",
    "redact_fields",
]
