"""How to speak TLS with NATS and with PostgreSQL."""

import ssl
from pathlib import Path


def tls_for(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """What a client needs for servers at `tls://`; for any other, nothing.

    TLS must begin before the server has said anything (`handshake_first`, on both sides): whoever
    can change the server's first line could otherwise talk a client out of TLS and be told its
    password.
    """
    return ssl.create_default_context(cafile=ca_file) if url.startswith("tls://") else None


def tls_for_database(ca_file: Path | None) -> ssl.SSLContext | None:
    """What a client needs for a PostgreSQL whose authority is named; for any other, nothing.

    With it nothing is said in clear, and only to a server that shows a certificate of that
    authority for the very name it is reached by (`sslmode=verify-full`).
    """
    return ssl.create_default_context(cafile=ca_file) if ca_file else None
