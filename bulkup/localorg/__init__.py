"""A stand-in for a Salesforce org: it takes Bulk API 2.0's requests and keeps real records."""
