"""Encoder network, training heads, objectives and losses."""
