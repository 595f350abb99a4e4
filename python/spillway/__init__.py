"""Spillway for Python: brings Arrow record batches to Azure Cosmos DB for NoSQL.

    with spillway.WriteSession(options, batches[0].schema) as session:
        for batch in batches:
            session.write(batch)
        print(session.finish().formula)

`Reader` brings documents back as such batches. The Spark data source is in `spillway.spark`.
Importing the package loads no native code: the first session does.
"""

from spillway._errors import SpillwayError
from spillway._reader import Reader, ReadSummary
from spillway._session import WriteSession, describe, version
from spillway._summary import RejectedRow, Summary

__all__ = ["ReadSummary", "Reader", "RejectedRow", "SpillwayError", "Summary", "WriteSession",
           "describe", "version"]
