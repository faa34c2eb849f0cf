"""Other companies' buildings. Imports nothing of ours."""
