"""By what a text that speaks to a judge is known: expressions, each with the words without which it need not be tried.

They name what nobody says to a colleague. Words that code is often about (a score, a model, a session, users) are no
sign by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from patchtrail.contract.qa import DIMENSIONS
from patchtrail.qa.judge.rubric import CHECKS

__all__ = ["RULES", "AddressRule"]

JUDGE = r"(?:judges?|graders?|evaluators?|assessors?|examiners?|scorers?|raters?)"
JUDGES = ("judge", "grader", "evaluator", "assessor", "examiner", "scorer", "rater")
MODEL = r"(?:llms?|language models?|ai models?|chatbots?|gpt|assistant)"
TOP = (
    r"(?:(?:full|max(?:imum|imal)?|top|perfect|highest|best|excellent)[- ](?:possible )?"
    r"(?:marks?|points?|scores?|credits?|ratings?|grades?)|all (?:5|five)s?)\b"
)
FIVE = r"(?:[45](?:\.0)?\s*(?:/|out of)\s*5|10\s*(?:/|out of)\s*10|100\s*/\s*100|five (?:out of|of) five)"
GIVE = r"(?:give|gives|award|assign|grant|rate|score|grade|mark|deserves?|earns?|merits?|worth|receives?|get)"
DIMENSION = "|".join([*DIMENSIONS, *(name.replace("_", " ") for name in DIMENSIONS)])
NAMES = (*DIMENSIONS, *(name.replace("_", " ") for name in DIMENSIONS))
CHECK_NAMES = tuple(check.name for check in CHECKS if "_" in check.name)
PRAISE = r"(?:exemplary|exceptional|outstanding|excellent|flawless|superb|masterful|world[- ]class)"
PRAISES = ("exemplary", "exceptional", "outstanding", "excellent", "flawless", "superb", "masterful", "world")


@dataclass(frozen=True)
class AddressRule:
    """An expression, and the words of which a text must hold one, all in lower case."""

    needs: tuple[str, ...]
    expression: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.expression, re.IGNORECASE)

    def finds(self, text: str, lowered: str) -> bool:
        """Return whether a text holds it."""
        return any(need in lowered for need in self.needs) and self.pattern.search(text) is not None


RULES = (
    # Orders to forget other orders.
    AddressRule(
        ("ignore", "disregard", "forget", "override", "bypass"),
        r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|prompts?|rubric|guidelines|rules"
        r"|(?:previous|prior|above|earlier|preceding) (?:text|messages?|content|context|orders?|directions?))\b",
    ),
    AddressRule(
        ("instruction", "rubric"),
        r"\b(?:new|updated|revised|real|actual|true|secret|hidden|special|further)\s+(?:system )?"
        r"(?:instructions?|rubric)\b",
    ),
    # The forms of conversations with models, and of their tools.
    AddressRule(
        ("system", "assistant", *JUDGES, "admin"),
        r"(?:^|\n|[>*#])\s*(?:system|assistant|judge|grader|evaluator|admin(?:istrator)?)"
        r"(?: (?:message|prompt|note|notice|override))?\s*[:>\]]",
    ),
    AddressRule(
        ("<", "["),
        r"<\|?/?\s*(?:im_start|im_end|system|assistant|instructions?|tool_\w+|function_\w+|judge\w*|verdict|rubric"
        r"|endoftext|evaluation|sys|inst)\b[^\n>]{0,40}\|?>|\[/?(?:INST|SYS|SYSTEM|ASSISTANT|TOOL_\w+)\]",
    ),
    AddressRule(
        ("tool", "function", "sandbox", "verified_fix"),
        r"\b(?:tool|function)_(?:output|result|call|response)s?\b|\bsandbox verdict\b|\bverified_fix\b",
    ),
    AddressRule(
        ("you are", "you're"),
        rf"\byou(?:'re| are)(?: now)?\b.{{0,50}}\b(?:{JUDGE}|{MODEL}|reviewer|unrestricted|jailbroken|dan)\b",
    ),
    AddressRule(("as a",), rf"\bas an? (?:ai\b|(?:\w+ )?(?:{JUDGE}|{MODEL})\b)"),
    AddressRule(
        ("dear", "attention", "hey", "hello", "hi ", "note", "message", "to "),
        rf"\b(?:dear|attention|hey|hello|hi|notes? (?:to|for)|message (?:to|for))\b,? (?:the |my |any |all |our )?"
        rf"(?:\w+ )?(?:{JUDGE}|{MODEL}|reviewers?|ai)\b"
        r"|\bto (?:whoever|whomever|the one who) (?:grades?|judges?|scores?|rates?)\b",
    ),
    AddressRule(
        JUDGES,
        rf"\b{JUDGE}\b.{{0,80}}\b(?:scores?|scoring|rates?|rating|grades?|awards?|marks?|points?|give|credits?|must|should"
        rf"|shall|please|verdict|rubric|approved?|sees?)\b|\b(?:please|kindly|must|should|shall)\b.{{0,60}}\b{JUDGE}\b"
        rf"|,\s*{JUDGE}[.!]?\s*$",
    ),
    # Scores that are asked for or pretended.
    AddressRule(("mark", "point", "score", "credit", "rating", "grade", "5", "five"), rf"\b{GIVE}\b.{{0,60}}\b{TOP}"),
    AddressRule(("5", "10", "five"), rf"(?<![\w./]){FIVE}(?![\w/])"),
    AddressRule(
        ("score",), r"\bscores?\s+(?:it |this |me |them |us )?(?:\w+ )?(?:with |at |as |a )?(?:5|five|10|ten|100)\b"
    ),
    AddressRule(
        ("score", "overall", "verdict", "rating", "grade", "met", "judge_comments"),
        r"\b(?:scores?|overall|verdict|rating|grade|reasoning_score|judge_comments|is_met|met|final_score)\b[\"']?\s*"
        r"[:=]\s*(?:[\"'{\[]|[0-5](?:\.\d+)?\b|true\b|yes\b|pass)",
    ),
    AddressRule(
        NAMES,
        rf"\b(?:{DIMENSION})\b[\"'*_\s]*(?:[:=]|is|at|->|score|to)?\s*[\"'*_]*(?:[0-5]\b|five|full|max|perfect|excellent"
        r"|met\b)",
    ),
    AddressRule(
        ("output", "answer", "dimension"), r"\b(?:output|answer|return|reply)\b.{0,20}\b5\b.{0,40}\bdimensions?\b"
    ),
    AddressRule(("dimension",), r"\b(?:every|all|each|six)(?: six| of the)? dimensions?\b"),
    AddressRule(CHECK_NAMES, r"\b(?:" + "|".join(CHECK_NAMES) + r")\b"),
    AddressRule(
        ("check", "criteri", "rubric"),
        r"\b(?:all|every|each|any)(?: of the)? (?:\w+ )?(?:checks?|criteri(?:a|on)|requirements)\b.{0,40}"
        r"\b(?:met|satisfied|fulfilled|granted)\b",
    ),
    AddressRule(
        ("rubric", "grading", "scoring", "evaluation criteria", "system prompt", "prompt injection"),
        r"\b(?:rubric|grading|scoring|evaluation criteria|system prompt|prompt injection)\b.{0,60}"
        r"\b(?:was|now|must|changed?|override|updated?|complete|bonus|suspended|void|met)\b",
    ),
    # Praise of one's own work, and authority.
    AddressRule(
        (*PRAISES, "deserv", "merit"),
        r"\b(?:this|the|my|above|following) (?:\w+ )?(?:session|trace|recording|transcript|participant|developer"
        r"|engineer|candidate|debugging)\b.{0,80}"
        rf"\b(?:{PRAISE}|deserv\w+|merits?)\b"
        rf"|\b{PRAISE} (?:\w+ )?(?:session|trace|debugging|process|participant|judge?ment|causal|hypothes\w+"
        r"|reasoning)\b",
    ),
    AddressRule(
        ("approved", "already", "certified"),
        r"\bpre-?approved\b|\balready (?:graded|scored|judged)\b|\b(?:approved|certified) by the (?:\w+ )?"
        r"(?:study|board|judge)",
    ),
    AddressRule(
        ("depends", "beg", "tip you", "pay you", "fired", "punished", "generous", "lenient"),
        r"\bbe (?:fired|punished|deported)\b|\bmy (?:job|career|family|grandmother|life) depends\b"
        r"|\bi(?:'ll| will) (?:tip|pay) you\b|\bplease,? be (?:generous|kind|lenient)\b|\bi beg you\b",
    ),
    # What is nobody's business.
    AddressRule(
        ("prompt", "session", "participant", "candidate", "trace", "api key", "api_key", "environment variables"),
        r"\b(?:leak|reveal|disclose|print|show|repeat|dump|output|exfiltrate|send|include|quote|summari[sz]e|copy|tell)\b"
        r".{0,60}\b(?:system prompt|your (?:prompt|instructions|rubric|key|secrets?)|the api[ _]key"
        r"|(?:other|another|previous) (?:\w+ )?(?:participant|candidate)s?"
        r"|(?:other|another|previous) (?:session|trace)(?:'?s)?'? (?:events?|notes?|data|transcripts?|scores?))\b",
    ),
    # The same in other languages.
    AddressRule(
        ("ignorier", "vergiss", "missachte", "vergib", "gib", "geb", "bewert", "gutachter", "prüfer", "punktzahl"),
        r"\b(?:ignorier\w*|vergiss|missachte\w*)\b.{0,60}\b(?:anweisung\w*|instruktion\w*|regeln|vorgaben|bisherige\w*)"
        r"|\b(?:vergib|gib|vergebt|gebt|geben sie|vergeben sie|bewerte\w*|bewerten sie)\b.{0,60}"
        r"(?:\bpunkt\w*|\bnoten?\b|höchst\w*|voll\w*|\b[45]\b)"
        r"|\b(?:liebe[rs]?|an (?:den|die|das)|hallo) (?:\w+ )?(?:gutachter\w*|bewerter\w*|prüfer\w*|jury)\b"
        r"|\b(?:volle|höchste) punktzahl\b",
    ),
    AddressRule(
        ("ignore", "oublie", "donne", "attribue", "mettez"),
        r"\b(?:ignore[zr]?|oublie[zr]?)\b.{0,60}\b(?:instructions?|consignes?|règles)\b"
        r"|\b(?:donne[zr]?|attribue[zr]?|mettez)\b.{0,60}\b(?:points?|note|maximum|maximale)\b",
    ),
    AddressRule(
        ("ignora", "olvid", "otorga", "asigna", "puntúa", "califica"),
        r"\b(?:ignora|olvida|olvide)\b.{0,60}\b(?:instrucciones|reglas|indicaciones)\b"
        r"|\b(?:otorga|asigna|puntúa|califica)\b.{0,60}\b(?:puntos?|puntuación|máxim\w+|nota)\b",
    ),
    AddressRule(("忽略", "满分", "最高分"), "忽略.{0,20}(?:指示|指令|说明|规则|提示)|(?:给|打).{0,12}(?:满分|最高分)"),
)
