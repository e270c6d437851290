"""The commands, one module a family; each registers its own on `commands`."""
