"""Signed requests to the local server over one connection, where a client library would retry, hide
or slow down what a test is about."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import json
import urllib.parse

VERSION = "2020-07-15"
REPLY_SECONDS_MAX = 20


class SignedConnection:
    """Raises OSError or http.client.HTTPException when the connection breaks."""

    def __init__(self, endpoint: str, key: str):
        address = urllib.parse.urlsplit(endpoint)
        self.key = base64.b64decode(key)
        self.connection = http.client.HTTPConnection(
            address.hostname, address.port, timeout=REPLY_SECONDS_MAX
        )
        self.headers = {}  # of the last reply

    def call(self, verb: str, kind: str, link: str, path: str, body=None, **headers):
        """Status and parsed body. Names of headers have `_` for `-`, without their `x-ms-`."""
        date = email.utils.formatdate(usegmt=True)
        text = f"{verb.lower()}\n{kind}\n{link}\n{date.lower()}\n\n"
        signature = base64.b64encode(hmac.digest(self.key, text.encode(), hashlib.sha256))
        token = f"type=master&ver=1.0&sig={signature.decode()}"
        sent = {
            "authorization": urllib.parse.quote(token, safe=""),
            "x-ms-date": date,
            "x-ms-version": VERSION,
            "content-type": "application/json",
            **{f"x-ms-{name.replace('_', '-')}": value for name, value in headers.items()},
        }
        payload = None if body is None else json.dumps(body)
        self.connection.request(verb, path, payload, sent)
        reply = self.connection.getresponse()
        content = reply.read()
        self.headers = reply.headers
        return reply.status, json.loads(content) if content else None

    def create(self, database: str, container: str, units: int | None = None) -> None:
        """A database and a container with the partition key /pk; both may exist."""
        self.call("POST", "dbs", "", "/dbs", {"id": database})
        definition = {"id": container, "partitionKey": {"paths": ["/pk"], "version": 2}}
        offer = {} if units is None else {"offer_throughput": str(units)}
        self.call("POST", "colls", f"dbs/{database}", f"/dbs/{database}/colls", definition, **offer)

    def upsert(self, link: str, item: dict):
        return self.call(
            "POST", "docs", link, f"/{link}/docs", item,
            documentdb_partitionkey=json.dumps([item["pk"]]), documentdb_is_upsert="true",
        )

    def delete(self, link: str, item_id: str, pk: str):
        link_of_item = f"{link}/docs/{item_id}"
        return self.call(
            "DELETE", "docs", link_of_item, f"/{link_of_item}",
            documentdb_partitionkey=json.dumps([pk]),
        )

    def bulk(self, link: str, range_id: str, operations: list):
        return self.call(
            "POST", "docs", link, f"/{link}/docs", operations,
            cosmos_is_batch_request="true", cosmos_batch_atomic="false",
            cosmos_batch_continue_on_error="true", documentdb_partitionkeyrangeid=range_id,
        )

    def atomic(self, link: str, pk: str, operations: list):
        return self.call(
            "POST", "docs", link, f"/{link}/docs", operations,
            cosmos_is_batch_request="true", cosmos_batch_atomic="true",
            documentdb_partitionkey=json.dumps([pk]),
        )

    def query(self, link: str, text: str) -> list:
        """All rows of a query that every range can answer for itself."""
        rows, token = [], None
        while True:
            more = {"continuation": token} if token else {}
            link_headers = {
                "documentdb_isquery": "true", "documentdb_query_enablecrosspartition": "true",
                "max_item_count": "1000", **more,
            }
            status, page = self.call(
                "POST", "docs", link, f"/{link}/docs", {"query": text}, **link_headers
            )
            assert status == 200, page
            rows += page["Documents"]
            token = self.headers.get("x-ms-continuation")
            if not token:
                return rows

    def close(self) -> None:
        self.connection.close()
