"""The local org's HTTP shell: messages, routes, headers, lock."""
