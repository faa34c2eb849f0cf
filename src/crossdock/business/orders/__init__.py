"""Amazon orders become TIMS sales orders."""
