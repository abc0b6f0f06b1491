"""Sending a plan: jobs, retries, stopping early, and reconciling at the end."""
