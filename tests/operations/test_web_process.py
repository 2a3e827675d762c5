"""The web process as it is started, in a process of its own."""

import json
import subprocess
import sys

LOOK = """
import gc, json, sys
import interview_site.asgi
print(json.dumps({"kept": gc.get_freeze_count(), "looked_through": len(gc.get_objects()),
    "pages": "recordings.views" in sys.modules}))
"""


def test_what_stays_for_good_is_not_looked_through_by_the_collector() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOK], capture_output=True, text=True, check=True
    )

    found = json.loads(done.stdout)
    assert found["pages"]
    assert found["kept"] > 100 * found["looked_through"]
