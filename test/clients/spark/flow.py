"""Walks through what the connector can do: flow.py JSON, with the account and the folders."""

import json
import sys
import tempfile

from checks import Account
from read_flow import read_flow
from session import open_session
from throughput_flow import throughput_flow
from write_flow import write_flow

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=given["folder"]) as folder:
        spark = open_session(given["certificate"], folder)
        account = Account(spark, given["endpoint"], given["key"])
        write_flow(account)
        read_flow(account, folder)
        throughput_flow(account)
        spark.stop()
