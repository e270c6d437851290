"""Transport and guarantees: the log, actors and their host, the outbox, timers, parking. Knows no business word."""
