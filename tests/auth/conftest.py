"""The wire, the client and the keyrings, as the tests of `salesforce` have them."""

from tests.salesforce.conftest import client, keyrings, lines, net

__all__ = ["client", "keyrings", "lines", "net"]
