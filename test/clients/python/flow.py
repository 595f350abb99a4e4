"""Walks through the whole surface of azure-cosmos 4.x: flow.py ENDPOINT KEY"""

import sys

from checks import Account
from feed_flow import feed_flow
from item_flow import item_flow
from query_flow import query_flow
from resource_flow import resource_flow

if __name__ == "__main__":
    server = Account(*sys.argv[1:3])
    for flow in (resource_flow, item_flow, query_flow, feed_flow):
        flow(server)
