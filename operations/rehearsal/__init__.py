"""The operators' self-check: one interview over the real interfaces, without a browser."""
