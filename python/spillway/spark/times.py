"""Dates and timestamps as the connector writes them: days and microseconds since 1970, as numbers.

Arrow holds them as such numbers already, so a column is looked at with other eyes and not copied.
Timestamps without a zone stay as they are: the connector writes those as text, and so does the
engine.
"""

from __future__ import annotations

from typing import Any, Callable

import pyarrow as pa

Convert = Callable[[Any], Any]


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_date32(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, kind.item_field.with_type(_plain(kind.item_type)))
    return kind


def as_numbers(schema: pa.Schema) -> "tuple[pa.Schema, Convert]":
    """The schema with numbers for dates and timestamps, and what makes a batch of it."""
    plain = pa.schema([field.with_type(_plain(field.type)) for field in schema])
    if plain == schema:
        return schema, lambda batch: batch

    def convert(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [column if column.type == field.type else column.cast(field.type)
                   for column, field in zip(batch.columns, plain)]
        return pa.RecordBatch.from_arrays(columns, schema=plain)

    return plain, convert
