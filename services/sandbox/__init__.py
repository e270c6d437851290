"""Stand-ins for the vendors' systems: real HTTP servers that speak their wire. Imports nothing of ours."""
