"""The media worker: one process that relays and records calls, and Django's way to talk to it.

`rtc/`, `control.py` and `__main__.py` run in the worker's own process, without Django;
`models.py`, `services.py`, `selectors.py` and `gateway.py` run in Django.
"""
