"""Label files: what people and a judge said of the same items, as JSON or CSV.

JSON is a list of items, or an object with that list as `items`. CSV has a column `item_id` and any of `judge`,
`judged_by`, `confidence`, `human:NAME`, `group:NAME`; `judge:DIMENSION` and `human:NAME:DIMENSION` hold points. An
empty cell, null and `unsure` say that nothing was said.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput

__all__ = ["LabelledItem", "read_labels", "write_labels"]

SAID = {
    **dict.fromkeys(("good", "correct", "true", "yes", "pass", "1"), True),
    **dict.fromkeys(("bad", "incorrect", "false", "no", "fail", "0"), False),
    **dict.fromkeys(("", "unsure"), None),
}


def _verdict(said: object) -> object:
    """Return a verdict's word as a boolean; what is none is left for validation to name."""
    word = str(said).strip().lower()
    return SAID[word] if isinstance(said, str | int) and word in SAID else said


Verdict = Annotated[bool | None, BeforeValidator(_verdict)]
Points = Annotated[float, Field(allow_inf_nan=False)]


class LabelledItem(BaseModel):
    """One judged item: True is good. Points are per dimension, of people first by rater."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: Annotated[str, Field(min_length=1)]
    judge: Verdict = None
    judged_by: str | None = None
    confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    humans: dict[str, Verdict] = {}
    groups: dict[str, str] = {}
    judge_points: dict[str, Points] = {}
    human_points: dict[str, dict[str, Points]] = {}

    @property
    def votes(self) -> list[bool]:
        """What people said, without those who said nothing."""
        return [vote for vote in self.humans.values() if vote is not None]

    @property
    def human(self) -> bool | None:
        """What most people said; None where nobody said anything, or as many said the one as the other."""
        good = sum(self.votes)
        return None if 2 * good == len(self.votes) else 2 * good > len(self.votes)

    def points_of_people(self, dimension: str) -> float | None:
        """Return the middle of what people gave."""
        given = [points[dimension] for points in self.human_points.values() if dimension in points]
        return median(given) if given else None


ITEMS = TypeAdapter(list[LabelledItem])


def read_labels(path: Path) -> list[LabelledItem]:
    """Return the items of a label file; raises `InvalidInput` that names what is wrong and where."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        told = _of_csv(path, text) if path.suffix.lower() == ".csv" else json.loads(text)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: it is not UTF-8, at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path}:{error.lineno}: it is no JSON: {error.msg}. A table must be called .csv.") from None
    if isinstance(told, dict):
        told = told.get("items")
    try:
        items = ITEMS.validate_python(told)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise InvalidInput(f"{path}: {where}: {fault['msg']}. Items count from 0.") from None
    twice = [one for one, count in Counter(item.item_id for item in items).items() if count > 1]
    if twice:
        raise InvalidInput(f"{path}: {twice[0]!r} stands there more than once: one item has one row.")
    return items


def write_labels(path: Path, items: Sequence[LabelledItem]) -> None:
    """Write a label file that reads back as the same items; raises `InvalidInput` for another ending."""
    if path.suffix.lower() == ".json":
        text = json.dumps({"items": [item.model_dump() for item in items]}, ensure_ascii=False, indent=2)
        path.write_text(f"{text}\n", encoding="utf-8")
        return
    if path.suffix.lower() != ".csv":
        raise InvalidInput(f"{path}: labels are written as .csv or .json.")
    rows = [_row_of(item) for item in items]
    columns = dict.fromkeys(column for row in rows for column in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _row_of(item: LabelledItem) -> dict[str, object]:
    words = {True: "good", False: "bad", None: ""}
    return {
        "item_id": item.item_id,
        "judged_by": item.judged_by,
        "judge": words[item.judge],
        "confidence": item.confidence,
        **{f"group:{name}": value for name, value in item.groups.items()},
        **{f"judge:{name}": points for name, points in item.judge_points.items()},
        **{f"human:{name}": words[vote] for name, vote in item.humans.items()},
        **{f"human:{name}:{one}": value for name, points in item.human_points.items() for one, value in points.items()},
    }


def _of_csv(path: Path, text: str) -> list[dict[str, object]]:
    rows = csv.DictReader(text.splitlines(keepends=True), restkey="", strict=True)
    if "item_id" not in (rows.fieldnames or ()):
        raise InvalidInput(f"{path}: its first line must name the columns, item_id among them.")
    try:
        return [_item_of(row) for row in rows]
    except (csv.Error, InvalidInput) as error:
        raise InvalidInput(f"{path}:{rows.line_num}: {error}") from None


def _item_of(row: dict[str, str | list[str] | None]) -> dict[str, object]:
    """Return a row as JSON would have it."""
    judge_points, humans, groups = dict[str, str](), dict[str, str](), dict[str, str]()
    human_points = dict[str, dict[str, str]]()
    item: dict[str, object] = {"humans": humans, "groups": groups}
    item |= {"judge_points": judge_points, "human_points": human_points}
    for column, cell in row.items():
        said = " ".join(cell) if isinstance(cell, list) else (cell or "").strip()
        match column.split(":"):
            case ["item_id" | "judge" | "judged_by" | "confidence"]:
                item[column] = said or None
            case _ if not said:
                continue
            case ["group", name]:
                groups[name] = said
            case ["judge", dimension]:
                judge_points[dimension] = said
            case ["human", rater]:
                humans[rater] = said
            case ["human", rater, dimension]:
                human_points.setdefault(rater, {})[dimension] = said
            case _:
                raise InvalidInput(
                    f"a column {column!r} is not known." if column else "the row is longer than the first."
                )
    return item
