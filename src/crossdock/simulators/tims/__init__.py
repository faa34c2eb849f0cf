"""A stateful TIMS ERP on loopback."""
