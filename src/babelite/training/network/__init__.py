"""The encoder network, its training heads, objectives and losses."""
