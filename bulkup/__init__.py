"""Load CSV files into Salesforce with Bulk API 2.0, with every row accounted for."""

__version__ = "0.1.0"
