"""An independent look: delta-rs reads the table, the official Cosmos DB client reads the container.

Neither of them is Spillway. Exits with 1 unless both hold the same documents.
"""

import datetime
import decimal
import os
import sys

from azure.cosmos import CosmosClient, documents
from deltalake import DeltaTable

SERVICE_PROPERTIES = {"_rid", "_self", "_etag", "_ts", "_attachments"}


def plain(value):
    """A value of the table as the documents hold it (docs/reference/documents.md)."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.timezone.utc).isoformat(timespec="seconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def connect(endpoint, certificate):
    """The official client, told by file which certificate to trust."""
    trust = documents.SSLConfiguration()
    trust.SSLCaCerts = certificate
    return CosmosClient(endpoint, os.environ["COSMOS_KEY"], ssl_config=trust)


def main(table, endpoint, certificate):
    rows = DeltaTable(table).to_pyarrow_table().to_pylist()
    expected = {row["id"]: plain(row) for row in rows}
    client = connect(endpoint, certificate)
    container = client.get_database_client("cosmicworks").get_container_client("products")
    actual = {}
    for document in container.read_all_items(max_item_count=1000):
        actual[document["id"]] = {key: value for key, value in document.items()
                                  if key not in SERVICE_PROPERTIES}
    print(f"rows that delta-rs reads                  {len(expected):>7,}")
    print(f"documents that the official client reads  {len(actual):>7,}")
    different = [key for key in expected.keys() | actual.keys()
                 if expected.get(key) != actual.get(key)]
    if different:
        print(f"DIFFERENT: {len(different)}, for example {different[0]}: "
              f"{expected.get(different[0])} against {actual.get(different[0])}")
        return 1
    print("every document equals its row")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
