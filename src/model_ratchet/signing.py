"""Signing: records signed with a local key, and their signatures checked against public ones (extra ``sign``).

The private key is read from the file that ``RATCHET_SIGNING_KEY`` names, and is in no error: neither is the variable's value,
which could be the key itself by mistake.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.engine.envelopes import Envelope, Standing, read_envelope, to_bytes

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

VARIABLE = "RATCHET_SIGNING_KEY"
EXTRA = "pip install 'model-ratchet[sign]'"
Sign: TypeAlias = Callable[[bytes], bytes]
"""The file of the envelope of a payload."""
Keys: TypeAlias = "Mapping[str, SSlibKey]"
"""Key id → public key."""


def signer_of(environ: Mapping[str, str]) -> Sign | None:
    """What signs with the key that the environment names, None where it names none.

    Raises:
        UsageError: the file can't be read or holds no key that can be used, or the extra is not installed.
    """
    path = environ.get(VARIABLE)
    if not path:
        return None
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from securesystemslib.signer import CryptoSigner
    except ImportError:
        raise UsageError(f"{VARIABLE} is set, and signing takes an extra: {EXTRA}") from None
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError):
        raise UsageError(f"{VARIABLE} names no file that can be read: it is the path of a private key") from None
    try:
        signer = CryptoSigner(load_pem_private_key(content, None))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            f"the file that {VARIABLE} names holds no private key that can be used: PEM without a passphrase, of Ed25519, "
            "ECDSA or RSA"
        ) from None

    def sign(payload: bytes) -> bytes:
        made = signer.sign(Envelope(payload, {}).signed)
        return to_bytes(Envelope(payload, {made.keyid: bytes.fromhex(made.signature)}))

    return sign


def public_keys(files: Mapping[str, bytes]) -> Keys:
    """The keys in these files, path → content in PEM.

    Raises:
        UsageError: the extra is not installed.
        RecordError: a file holds no public key.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        from securesystemslib.signer import SSlibKey
    except ImportError:
        raise UsageError(f"to check signatures takes an extra: {EXTRA}") from None
    found = {}
    for path, content in files.items():
        try:
            key = SSlibKey.from_crypto(load_pem_public_key(content))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise RecordError(f"{path} holds no public key: PEM, of Ed25519, ECDSA or RSA") from None
        found[key.keyid] = key
    return found


def standing(content: bytes, payload: bytes, keys: Keys) -> Standing:
    """How the file of an envelope stands with a payload: signed where one of the keys has signed exactly that.

    An id only says by which key a signature claims to be made; every key is tried.
    """
    envelope = read_envelope(content)
    if envelope is None or envelope.payload != payload:
        return Standing.BAD
    if any(_holds(key, sig, envelope.signed) for key in keys.values() for sig in envelope.signatures.values()):
        return Standing.SIGNED
    return Standing.UNKNOWN if keys.keys().isdisjoint(envelope.signatures) else Standing.BAD


def _holds(key: "SSlibKey", sig: bytes, signed: bytes) -> bool:
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature

    try:
        key.verify_signature(Signature(key.keyid, sig.hex()), signed)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True
