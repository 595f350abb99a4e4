"""Stands in for the part of Microsoft's test tools that the tests import; it is in no registry."""
