"""The end: everything stops in good order, by itself."""

from deploy.drills.compose import ComposedTocsin


async def test_all_of_it_stops_in_good_order(tocsin: ComposedTocsin) -> None:
    tocsin.compose.run("stop")

    for name in tocsin.compose.containers():
        state = tocsin.compose.inspect(name)["State"]
        assert not state["OOMKilled"], name
        assert state["ExitCode"] in (0, 143), (name, state["ExitCode"])
