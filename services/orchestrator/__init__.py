"""Owns the flow from the won deal to the paid invoice: what is validated, asked for, held up and released."""
