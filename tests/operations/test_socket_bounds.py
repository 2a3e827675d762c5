"""What a socket may send before any of our code sees it."""

import json
import re

from operations.environment import PROJECT
from operations.programs import SOCKET_BOUNDS


def test_the_image_starts_the_web_with_the_same_bounds_as_one_machine_does():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    found = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert found is not None

    command = json.loads(found[1])

    start = command.index(SOCKET_BOUNDS[0])
    assert tuple(command[start : start + len(SOCKET_BOUNDS)]) == SOCKET_BOUNDS
    assert SOCKET_BOUNDS[2:] == ("--ws-per-message-deflate", "false")
