"""The bank's side as a process: `manage.py bank_simulator`. Demo installations only."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from credit_bridge.embedded import EmbeddedBank
from credit_bridge.simulator import Simulator, SimulatorServer


class Command(BaseCommand):
    help = "Serve the embedded credit book by the bank's contract, with fault switches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8020)

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError("DEMO is off: the simulator does not belong into this installation.")
        simulator = Simulator(EmbeddedBank(), settings.CREDIT_KEY_ID, settings.CREDIT_SECRET)
        server = SimulatorServer(("127.0.0.1", options["port"]), simulator)
        self.stdout.write(f"bank simulator on http://127.0.0.1:{options['port']}")
        server.serve_forever()
