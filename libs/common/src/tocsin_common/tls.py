"""How to speak TLS with NATS."""

import ssl
from pathlib import Path


def tls_for(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """What a client needs for servers at `tls://`; for any other, nothing.

    TLS must begin before the server has said anything (`handshake_first`, on both sides): whoever
    can change the server's first line could otherwise talk a client out of TLS and be told its
    password.
    """
    return ssl.create_default_context(cafile=ca_file) if url.startswith("tls://") else None
