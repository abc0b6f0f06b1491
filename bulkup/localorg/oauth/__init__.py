"""The local org's OAuth endpoints, apps, grants and tokens."""
