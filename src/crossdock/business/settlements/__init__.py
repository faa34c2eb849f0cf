"""Amazon's settlements: read strictly, proven to the cent, turned into balanced journals."""
