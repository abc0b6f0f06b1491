"""The REST API: HTTP requests, Salesforce's JSON keys, and what its errors mean."""
