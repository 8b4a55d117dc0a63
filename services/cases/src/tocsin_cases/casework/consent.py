"""Since when a complaint counts: consent that is widened counts from then on, as if it came then.

Otherwise a worker's second thoughts could be timed by what is released after them (protection D3).
"""

from datetime import datetime

from tocsin_contracts.events.complaints import Consent


def widened(before: Consent, after: Consent, at: datetime | None) -> dict[str, datetime]:
    """Say since when a complaint counts, and since when with consent, where `at` is that moment.

    Who was not asked counts towards k (protection D1), also while consent that was given since is
    still young.
    """
    if at is None:
        return {}
    since: dict[str, datetime] = {}
    if before is Consent.REFUSED and after is not Consent.REFUSED:
        since["counts_since"] = at
    if before is not Consent.GIVEN and after is Consent.GIVEN:
        since["given_since"] = at
    return since
