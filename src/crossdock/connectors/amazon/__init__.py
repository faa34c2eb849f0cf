"""Amazon Selling Partner API."""
