"""TIMS shipments become confirmed packages at Amazon."""
