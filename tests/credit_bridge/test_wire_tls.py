"""The wire beneath: TLS in which both sides show a certificate (C3)."""

import datetime as dt
import ipaddress
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from credit_bridge.embedded import EmbeddedBank
from credit_bridge.errors import CreditUnavailable
from credit_bridge.http_bank import HttpBank
from credit_bridge.simulator import Simulator, SimulatorServer
from tests.support.bank import KEY_ID, SECRET

pytestmark = pytest.mark.django_db(transaction=True)


class Authority:
    """A certificate authority of this test; it writes PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name, self.key.public_key(), is_authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[str, str]:
        """Paths of a certificate for 127.0.0.1 and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key.public_key(), is_authority=False)
        paths = self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(paths[0]), str(paths[1])

    def _sign(
        self, name: str, public_key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(here, critical=False)
            .sign(self.key, hashes.SHA256())
        )


@pytest.fixture
def bank_authority(tmp_path):
    return Authority(tmp_path, "bank")


@pytest.fixture
def url(bank_authority):
    """The simulator behind TLS that asks for a certificate of the bank's authority."""
    server = SimulatorServer(("127.0.0.1", 0), Simulator(EmbeddedBank(), KEY_ID, SECRET))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*bank_authority.issue("server"))
    context.load_verify_locations(bank_authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def asking(url, authority, client=("", "")):
    bank = HttpBank(
        url,
        key_id=KEY_ID,
        secret=SECRET,
        ca_file=str(authority.file),
        client_cert=client[0],
        client_key=client[1],
    )
    try:
        return bank.has_account("13900000000")
    finally:
        bank.close()


def test_both_sides_with_the_banks_certificates_understand_each_other(url, bank_authority):
    assert asking(url, bank_authority, bank_authority.issue("interview")) is False


def test_a_client_without_or_with_a_strangers_certificate_is_turned_away(
    url, bank_authority, tmp_path
):
    stranger = Authority(tmp_path, "stranger")

    for client in (("", ""), stranger.issue("interview")):
        with pytest.raises(CreditUnavailable):
            asking(url, bank_authority, client)


def test_a_bank_of_a_strangers_authority_is_not_spoken_to(url, bank_authority, tmp_path):
    stranger = Authority(tmp_path, "stranger")

    with pytest.raises(CreditUnavailable):
        asking(url, stranger, bank_authority.issue("interview"))
