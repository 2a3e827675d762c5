"""Write the contract of the bank's side: `manage.py bank_contract --file docs/bank-openapi.yaml`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand

from credit_bridge.contract import openapi


class Command(BaseCommand):
    help = "Write the OpenAPI of what we ask of the bank's systems."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        text = yaml.safe_dump(openapi(), allow_unicode=True, sort_keys=False, width=100)
        options["file"].write_text(text, encoding="utf-8")
