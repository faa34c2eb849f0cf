"""The language of flows and mappings: load, check, compile. Pure."""
