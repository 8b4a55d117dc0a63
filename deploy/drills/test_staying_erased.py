"""A restored backup brings back nothing that was erased since it was made (protection V5)."""

from pathlib import Path

from tests.support.world import World

from deploy.drills.compose import ComposedTocsin
from tocsin_contracts.streams import INTAKE

WORDS = "The night shift was locked in, she said."


async def test_what_was_erased_after_a_backup_stays_erased_when_it_is_restored(
    tocsin: ComposedTocsin, everybody: World, tmp_path: Path
) -> None:
    facility = {"name": "Grey Egret Textiles", "country": "KH"}
    accepted = await everybody.hotline.report({"words": WORDS, "facility": facility})
    complaint_id = accepted["complaint_id"]
    await tocsin.quiet()
    tocsin.compose.run_script("deploy/backup.sh", str(tmp_path))
    assert kept_of(tocsin, complaint_id) == ("1", "1")
    wanted = {"complaint_id": complaint_id, "reason": "asked_by_hotline"}
    await tocsin.operator(INTAKE).post("/v1/admin/erasures", wanted)
    assert kept_of(tocsin, complaint_id) == ("0", "0")

    tocsin.compose.run_script("deploy/restore.sh", str(tmp_path))
    await tocsin.ready()

    assert kept_of(tocsin, complaint_id) == ("0", "0")


def kept_of(tocsin: ComposedTocsin, complaint_id: str) -> tuple[str, str]:
    """How many rows hold the complaint's words, and the key that opens them."""
    return (
        tocsin.compose.psql(
            "tocsin_intake",
            f"select count(*) from vault_entry where complaint_id = '{complaint_id}'",
        ),
        tocsin.compose.psql(
            "tocsin_intake", f"select count(*) from data_key where complaint_id = '{complaint_id}'"
        ),
    )
