"""Owns what people book and approve: workspaces, tasks and milestones, time entries and what is shown beside them."""
