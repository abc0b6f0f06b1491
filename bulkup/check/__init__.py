"""What can be known about a load before anything is sent, as findings."""
