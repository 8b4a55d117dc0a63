"""The operator's edge: integrations, their keys, what was set aside."""
