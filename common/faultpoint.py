"""A process that dies at a named point between two durable steps, when a test asks for it.

`FAULTPOINT=name:n` kills the process, without a word to anybody, the n-th time it reaches
`faultpoint("name")`. Production does not start with it.
"""

import os
import signal

_armed, _left = "", 0


def arm(spec: str) -> None:
    """`name:n`; empty disarms. Raises RuntimeError under the production settings."""
    global _armed, _left
    if spec and os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".prod"):
        raise RuntimeError("FAULTPOINT is for tests only")
    _armed, _, number = spec.partition(":")
    _left = int(number or 1)


def faultpoint(name: str) -> None:
    global _left
    if name == _armed:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("FAULTPOINT", ""))
