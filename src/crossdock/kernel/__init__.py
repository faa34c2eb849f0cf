"""Words of the whole business; imports nothing of ours."""
