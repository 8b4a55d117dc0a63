"""The main job once, on real parts: complaints in at one end, signed alerts out at the other."""
