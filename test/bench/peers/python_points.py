"""The official Python client's point upserts: one `upsert_item` per document.

python_points.py --endpoint URL --key KEY --database D --container C --rows N [--ca-file F] F.jsonl…
"""

import argparse
import itertools
import json
import time

import urllib3
from azure.cosmos import CosmosClient


def lines(files):
    return itertools.chain.from_iterable(open(file, encoding="utf-8") for file in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("endpoint", "key", "database", "container"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ca-file", help="for other scripts: this client trusts this machine")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    documents = [json.loads(line) for line in itertools.islice(lines(options.files), options.rows)]
    client = CosmosClient(options.endpoint, options.key)
    container = client.get_database_client(options.database).get_container_client(options.container)
    wall, cpu = time.perf_counter(), time.process_time()
    for document in documents:
        container.upsert_item(document, no_response=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    result = {"rows": len(documents), "cpu_seconds": cpu, "wall_seconds": wall, "failed": 0}
    print(json.dumps({"peer": "python-points", **result}))


if __name__ == "__main__":
    main()
