"""What became of every row: Salesforce's results matched with the rows that were sent."""
