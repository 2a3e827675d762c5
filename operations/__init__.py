"""Start everything, health, doctor: the operator's app. It has no tables."""
