"""One folder per capability; capabilities do not know each other."""
