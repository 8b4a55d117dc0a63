"""What to do about what a service waits for: the next step, by the words in which it says so."""

_REMEDIES = (
    ("does not answer", "Is it running? Its log says why not."),
    ("database: ", "Is PostgreSQL running, is its disk full, may this role connect?"),
    ("schema: ", "Run the service's `migrate`; a newer version needs it before it is ready."),
    ("clock: ", "Set this machine's and the database's clocks by NTP."),
    ("nats: no connection", "Is nats-server running, are URL, password and authority right?"),
    ("nats: this user lacks", "Give nats-server the configuration of this version and reload it."),
    ("nats: a consumer", "Run `provision`."),
    ("nats: consumer", "Run `provision`."),
    (
        "outbox: ",
        "Has nats-server room on its disk and in the stream? Its log says; then restart it.",
    ),
)


def remedy_for(waiting_for: str) -> str:
    """The next step; empty for words that nobody foresaw."""
    return next((step for words, step in _REMEDIES if words in waiting_for), "")
