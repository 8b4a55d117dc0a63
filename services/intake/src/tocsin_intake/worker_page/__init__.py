"""The worker's page: the way back for a phone without scripts, under the hotline's own name."""
