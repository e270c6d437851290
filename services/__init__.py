"""Fairlead's services: each its own process and its own store, joined only by the bus."""
