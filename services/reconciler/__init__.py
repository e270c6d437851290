"""Owns the account of every minute and cent, drawn from the vendors' own ledgers and nothing else."""
