"""Logins and tokens: from credentials that are kept somewhere to a bearer token."""
