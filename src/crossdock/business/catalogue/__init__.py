"""What of TIMS's items may be listed at Amazon, and what a listing says."""
