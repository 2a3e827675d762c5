"""The bank's side as a process of its own, as `make run SIMULATOR=1` starts it."""

from operations.embedded import free_port
from operations.programs import LOOPBACK, Place, simulator_environment

OURS = ["web", "media", "celery", "celery-long", "beat"]


def test_the_flag_makes_every_process_speak_to_the_simulator(tmp_path):
    port = free_port()
    env = {"WEB_INTERNAL_URL": "http://x", "SPOOL_DIR": "s", "MEDIA_WORKER_ID": "m"}

    without = Place(LOOPBACK, 1, 2, tmp_path, env).programs()
    with_it = Place(LOOPBACK, 1, 2, tmp_path, env | simulator_environment(port)).programs()

    assert [program.name for program in without] == OURS
    assert [program.name for program in with_it] == ["bank", *OURS]
    assert simulator_environment(port)["CREDIT_URL"] == f"http://{LOOPBACK}:{port}"
