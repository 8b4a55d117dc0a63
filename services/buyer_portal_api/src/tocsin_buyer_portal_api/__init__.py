"""The buyer_portal_api service."""
