"""One folder per company; the same file names in each."""
