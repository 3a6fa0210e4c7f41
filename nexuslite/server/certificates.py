"""The self-signed certificate, for when the administrator has given none."""

import datetime
import hashlib
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

_VALID_DAYS = 3650
_PROBES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def ensure_self_signed(folder: Path, names: Iterable[str] = ()) -> tuple[Path, Path]:
    """Return the paths of certificate and key in ``folder``; make both when they are missing.

    Args:
        folder: made when it is missing.
        names: DNS names and addresses to certify besides this machine's own.

    Raises:
        OSError: when the files cannot be written.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not (certificate.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        certificate_pem, key_pem = _make(_unique([*_own_names(), *names]))
        _write(key, key_pem, 0o600)
        _write(certificate, certificate_pem, 0o644)
    return certificate, key


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint of the first certificate of a PEM file ("AB:CD:…").

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it holds no certificate.
    """
    pem = certificate.read_text(encoding="ascii")
    start, end = pem.find(ssl.PEM_HEADER), pem.find(ssl.PEM_FOOTER)
    if start < 0 or end < 0:
        raise ValueError(f"no certificate in {certificate}")
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(ssl.PEM_FOOTER)])
    return hashlib.sha256(der).digest().hex(":").upper()


def _own_names() -> list[str]:
    host = socket.gethostname()
    return [host, "localhost", "127.0.0.1", "::1", *_own_addresses(host)]


def _own_addresses(host: str) -> list[str]:
    addresses = []
    for family, target in _PROBES:
        # Connecting a datagram socket sends nothing; it only chooses the outgoing address.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
                addresses.append(str(probe.getsockname()[0]))
            except OSError:
                continue
    try:
        addresses += [str(found[4][0]) for found in socket.getaddrinfo(host, None)]
    except OSError:
        return addresses
    return addresses


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.partition("%")[0] for name in names if name))


def _make(names: list[str]) -> tuple[bytes, bytes]:
    # Late: the import takes time and memory, and most starts find the files.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def general_name(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(map(general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)
