"""Feature flags evaluated in your process: see `flags.is_enabled`."""
