"""People who buy, staff who ship, and the truth about both."""
