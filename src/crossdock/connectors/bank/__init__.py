"""Bank statements as files: OFX, CAMT.053, CSV."""
