"""The commands, one module a family; each module registers its own in `register`."""
