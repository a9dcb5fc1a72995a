"""Attempts as Parquet, a folder for each category of rules, and a file that lets DuckDB see them as one table."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from urllib.parse import quote

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.marks import Mark

__all__ = ["PARTITION", "VIEW_SQL", "parquet_files"]

PARTITION = "rule_category"
VIEW_SQL = """\
-- Run it where the export lies: duckdb -init views.sql
CREATE OR REPLACE VIEW attempts AS
    SELECT * FROM read_parquet('attempts/*/*.parquet', hive_partitioning = true);
CREATE OR REPLACE VIEW patches_by_rule AS
    SELECT rule_id, count(DISTINCT group_id) AS patches, count(*) AS tries,
           avg(validation_result::INT) AS valid_share, sum(cost_usd) AS cost_usd
    FROM attempts GROUP BY rule_id ORDER BY tries DESC;
"""


def parquet_files(records: Sequence[AttemptRecord], marks: Mapping[str, Mark]) -> dict[str, bytes]:
    """Return each file's content by its path: the published fields, lists as JSON, and the verdict with its reason.

    Raises `InvalidInput` where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise InvalidInput("Parquet needs pyarrow: pip install 'patchtrail[evaluation]'.") from None
    kinds = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
    fields = {
        name: kinds.get(getattr(one.annotation, "__name__", ""), pa.string())
        for name, one in AttemptRecord.model_fields.items()
    }
    del fields[PARTITION]
    schema = pa.schema([*fields.items(), ("verdict", pa.string()), ("verdict_reason", pa.string())])
    files = dict[str, bytes]()
    ordered = sorted(records, key=lambda one: (one.rule_category, one.timestamp, one.attempt_id))
    for category, some in groupby(ordered, key=lambda one: one.rule_category):
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([_row(one, marks) for one in some], schema=schema), target)
        files[f"attempts/{PARTITION}={quote(category, safe='')}/part-0.parquet"] = target.getvalue()
    return files


def _row(record: AttemptRecord, marks: Mapping[str, Mark]) -> dict[str, object]:
    told = record.model_dump(mode="json", exclude={PARTITION})
    row = {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in told.items()
    }
    mark = marks.get(record.attempt_id)
    return row | {"verdict": mark and mark.verdict, "verdict_reason": mark and mark.reason}
