"""`tocsin integrations page`: the page where a hotline's workers come back with a receipt."""

from typing import Annotated
from uuid import UUID

import typer

from tocsin_cli import output
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json
from tocsin_contracts.streams import INTAKE


def page(
    integration: Annotated[
        UUID, typer.Argument(metavar="ID", help="Its id in `tocsin integrations ls`.")
    ],
    host: Annotated[
        list[str], typer.Option(help="A host name for the page alone; may be repeated.")
    ],
    name: Annotated[str, typer.Option(help="What stands above it: a name that says nothing.")],
    leave_to: Annotated[
        str, typer.Option(help="Where its link to leave quickly goes: an ordinary https address.")
    ],
    name_in: Annotated[
        list[str] | None,
        typer.Option(help="Its name in another language, as `vi=Sổ tay`; may be repeated."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Give a hotline's workers a page under a neutral name, within seconds."""
    names = dict(_pair(one) for one in name_in or ())
    wanted = {"hosts": host, "name": name, "names": names, "leave_to": leave_to}
    intake, path = Installation(data_dir).operator(INTAKE), f"/v1/admin/integrations/{integration}"
    version = intake.get(path)["version"]
    served = intake.change("PUT", f"{path}/page", version, wanted)
    if json:
        output.show_json(served)
    else:
        output.say(f"{served['name']} is served at {', '.join(served['hosts'])}.")


def _pair(text: str) -> tuple[str, str]:
    language, equals, name = text.partition("=")
    if not equals:
        raise Unusable(f"{text} is not like vi=Name", "Write language, equals sign, name.")
    return language, name
