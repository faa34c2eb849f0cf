"""Which TIMS customer an Amazon buyer is."""
