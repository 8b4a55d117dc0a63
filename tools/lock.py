"""Write locks/ from the resolved workspace: pins with hashes for every platform, no hosts."""

import subprocess
import sys
from pathlib import Path

LOCKS = Path("locks")
K8S_TOOLS = Path("deploy/ci/k8s/requirements.in")
UV_VERSION = "0.13.9"


def main() -> None:
    uv = sys.argv[1]
    LOCKS.mkdir(exist_ok=True)
    export = [uv, "export", "-q", "--frozen", "--no-emit-workspace", "--no-header", "--no-annotate"]
    _write("dev", [*export, "--all-packages", "--all-groups", "--all-extras"])
    for project in sorted(Path().glob("*/*/pyproject.toml")):
        name = project.parent.name.replace("_", "-")
        _write(name, [*export, "--no-dev", "--package", f"tocsin-{name}"])
    compile_uv = [
        uv,
        "pip",
        "compile",
        "-q",
        "--universal",
        "--generate-hashes",
        "--no-header",
        "-",
    ]
    _write("k8s", [*compile_uv, "--no-annotate", "--python-version", "3.11"], K8S_TOOLS.read_text())
    _write("uv", compile_uv, f"uv=={UV_VERSION}\n")


def _write(name: str, command: list[str], stdin: str = "") -> None:
    made = subprocess.run(command, input=stdin, check=True, capture_output=True, text=True).stdout
    (LOCKS / f"{name}.txt").write_text(made)
    print(f"locks/{name}.txt: {made.count('==')} pins")


if __name__ == "__main__":
    main()
