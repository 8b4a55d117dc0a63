"""How to speak TLS with NATS."""

import ssl
from pathlib import Path


def tls_for(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """What a client needs for a server at `tls://`; for any other, nothing."""
    return ssl.create_default_context(cafile=ca_file) if url.startswith("tls://") else None
