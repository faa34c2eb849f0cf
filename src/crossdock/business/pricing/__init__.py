"""What a SKU costs at Amazon, by rules over TIMS's prices."""
