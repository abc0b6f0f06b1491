"""The network: the only room that knows HTTP, Salesforce's JSON keys, and keyring."""
