"""Test tables of Spark: values of every type."""

from spark_tables import table


@table("every primitive type, with NULL")
def primitives(t):
    t.create(
        "id STRING, t BOOLEAN, b BYTE, sh SHORT, i INT, l LONG, f FLOAT, d DOUBLE, dec"
        " DECIMAL(10,2), s STRING, bin BINARY, day DATE, at TIMESTAMP, local TIMESTAMP_NTZ, c"
        " VARCHAR(4), v VARCHAR(10)"
    )
    t.append(
        "('full', true, 1, 2, 3, 4, 0.1F, 0.1D, 12.95, 'text', X'00ff10', DATE'2024-02-29',"
        " TIMESTAMP'2024-02-29 12:30:15.123456', TIMESTAMP_NTZ'2024-02-29 12:30:15', 'ab', 'cd'),"
        " ('null', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
        " NULL, NULL), ('least', false, -128, -32768, -2147483648, -9007199254740991,"
        " 1.17549435E-38F, 4.9E-324D, -99999999.99, '', X'', DATE'0001-01-01', TIMESTAMP'0001-01-03"
        " 00:00:00', TIMESTAMP_NTZ'0001-01-01 00:00:00', '', ''), ('most', true, 127, 32767,"
        " 2147483647, 9007199254740991, 3.402823E38F, 1.7976931348623157E308D, 99999999.99, 'z',"
        " X'ff', DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999', TIMESTAMP_NTZ'9999-12-31"
        " 23:59:59.999999', 'abcd', 'abcdefghij')"
    )


@table("strings: escapes, controls, all planes of Unicode, long ones")
def strings(t):
    t.create("id STRING, s STRING")
    rows = [
        ("empty", ""),
        ("quote", '"'),
        ("backslash", "\\"),
        ("slash", "/"),
        ("controls", "".join(map(chr, range(32)))),
        ("delete", "\x7f\x80\x9f"),
        ("line separators", "\u2028\u2029"),
        ("latin", "äöüßé"),
        ("cjk", "日本語"),
        ("emoji", "😀👩\u200d👩\u200d👧"),
        ("byte order mark", "\ufeffx"),
        ("noncharacter", "\ufffe\uffff"),
        ("last plane", "\U0010fffd"),
        ("combining", "e\u0301"),
        ("right to left", "\u202eabc"),
        ("long", "x€" * 20000),
        ("json", '{"a": [1, "\\u0000"]}'),
        ("html", "</script>&amp;"),
    ]
    t.append_frame(t.spark.createDataFrame(rows, "id STRING, s STRING").coalesce(1))


@table("timestamps in int96, milliseconds and microseconds; before 1970, far away")
def timestamps(t):
    t.create("id STRING, at TIMESTAMP")
    instants = [
        "1582-10-15 00:00:00",
        "1899-12-31 23:59:59.999",
        "1969-12-31 23:59:59.999",
        "1970-01-01 00:00:00",
        "2024-03-31 01:30:00.123",
        "2038-01-19 03:14:08",
        "2262-04-11 23:47:16",
    ]
    for kind in ("INT96", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS"):
        with t.conf(spark__sql__parquet__outputTimestampType=kind):
            t.append(
                ", ".join(
                    f"('{kind} {i}', TIMESTAMP'{instant}')" for i, instant in enumerate(instants)
                )
            )


@table("timestamps without a time zone")
def timestamp_ntz(t):
    t.create("id STRING, local TIMESTAMP_NTZ, list ARRAY<TIMESTAMP_NTZ>")
    t.append(
        "('a', TIMESTAMP_NTZ'2024-03-31 02:30:00', array(TIMESTAMP_NTZ'1969-12-31"
        " 23:59:59.000001')), ('b', NULL, NULL)"
    )


@table(
    "decimals of every width, as numbers when a double keeps their digits",
    documents={"inexact_numbers": "string"},
)
def decimals(t):
    t.create(
        "id STRING, small DECIMAL(4,2), middle DECIMAL(18,6), large DECIMAL(38,10), whole"
        " DECIMAL(38,0), part DECIMAL(38,38)"
    )
    t.append(
        "('price', 12.95, 12.950000, 12.95, 1295, 0.1295), ('negative', -12.95, -0.000001,"
        " -0.0000000001, -1, -0.00000000000000000000000000000000000001), ('many digits', 99.99,"
        " 123456789012.123456, 1234567890123456789012345678.0123456789,"
        " 99999999999999999999999999999999999999, 0.12345678901234567890123456789012345678),"
        " ('zero', 0.00, 0.000000, 0, 0, 0), ('null', NULL, NULL, NULL, NULL, NULL)"
    )


@table("decimals in the older Parquet layout", documents={"inexact_numbers": "string"})
def decimals_legacy(t):
    t.create("id STRING, small DECIMAL(4,2), middle DECIMAL(18,6), large DECIMAL(38,10)")
    with t.conf(spark__sql__parquet__writeLegacyFormat="true"):
        t.append(
            "('a', 12.95, -12.950000, 1234567890123456789012345678.0123456789), ('b', -0.01,"
            " 0.000001, -0.0000000001)"
        )


@table("integers that a double cannot keep", documents={"inexact_numbers": "string"})
def integers_wide(t):
    t.create("id STRING, n LONG")
    t.append(
        "('safe', 9007199254740991), ('even', 9007199254740992), ('odd', 9007199254740993),"
        " ('least', -9223372036854775808), ('most', 9223372036854775807), ('negative',"
        " -9007199254740993), ('power', 4611686018427387904)"
    )


@table("floats and doubles that JSON cannot say", documents={"non_finite": "string"})
def non_finite(t):
    t.create("id STRING, f FLOAT, d DOUBLE")
    t.append(
        "('nan', float('NaN'), double('NaN')), ('plus', float('Infinity'), double('Infinity')),"
        " ('minus', float('-Infinity'), double('-Infinity')), ('zero', float('-0.0'),"
        " double('-0.0')), ('tenth', 0.1F, 0.1D)"
    )


@table("binary values")
def binary(t):
    t.create("id STRING, bin BINARY, list ARRAY<BINARY>")
    every_byte = "".join(f"{i:02x}" for i in range(256))
    t.append(
        "('empty', X'', array()), ('one', X'00', array(X'ff', NULL)), ('two', X'fffe', NULL),"
        f" ('every', X'{every_byte}', NULL)"
    )


@table("structs, arrays and maps inside each other, empty and NULL")
def nested(t):
    t.create(
        "id STRING, s STRUCT<a: INT, b: STRUCT<c: STRING, d: ARRAY<INT>>>, list ARRAY<STRUCT<k:"
        " STRING, v: DOUBLE>>, lists ARRAY<ARRAY<INT>>, m MAP<STRING, INT>, ms MAP<STRING,"
        " STRUCT<x: INT>>, mi MAP<INT, ARRAY<STRING>>, md MAP<DATE, DECIMAL(6,2)>, days"
        " ARRAY<DATE>, empty STRUCT<only: STRING>"
    )
    t.append(
        "('full', named_struct('a', 1, 'b', named_struct('c', 'x', 'd', array(1, NULL, 3))),"
        " array(named_struct('k', 'a', 'v', 1.5D), NULL, named_struct('k', NULL, 'v', NULL)),"
        " array(array(1, 2), array(), NULL), map('a', 1, 'b', NULL), map('x', named_struct('x', 1),"
        " 'y', NULL), map(1, array('p', NULL), -2, array()), map(DATE'2024-01-31', 12.95),"
        " array(DATE'2024-01-31', NULL), named_struct('only', 'one')), ('empty', named_struct('a',"
        " NULL, 'b', NULL), array(), array(), map(), map(), map(), map(), array(),"
        " named_struct('only', NULL))"
    )
    # INSERT writes a NULL struct as a struct of NULLs; a data frame keeps it.
    schema = t.spark.read.format("delta").load(t.path).schema
    t.append_frame(t.spark.createDataFrame([("null", *[None] * 9)], schema))


@table("variant, not shredded")
def variant(t):
    t.create("id STRING, v VARIANT")
    values = [
        '{"a": 1, "b": [true, null, "x", 1.5]}',
        "[]",
        '"text"',
        "12",
        "12.95",
        "true",
        "null",
        '{"größe": {"deep": [[1]]}}',
    ]
    rows = ", ".join(f"('v{i}', '{value}')" for i, value in enumerate(values))
    t.sql(f"INSERT INTO {{t}} SELECT id, parse_json(text) FROM VALUES {rows} AS x(id, text)")
    t.append("('none', NULL)")


@table("a column of type void", left_out=["nothing"])
def void_column(t):
    t.fill("SELECT 'a' AS id, 1 AS n, NULL AS nothing")


@table("keys that are whole numbers", key="number", partition_key="/number")
def integer_key(t):
    t.fill("SELECT id AS number, concat('name ', id) AS name FROM range(1, 50)", files=2)
