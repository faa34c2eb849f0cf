"""The main job on a rehearsal world, with a verdict."""
