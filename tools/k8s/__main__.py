"""Kubernetes manifests from the contracts: `tools/k8s [--check]`; `tools/k8s secrets FOLDER`.

Without arguments it writes; `--check` only compares; `secrets` prints an installation's secrets.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from files import FILES
from secrets_of import manifests


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/k8s", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    commands = parser.add_subparsers(dest="command")
    secrets = commands.add_parser("secrets", help="print the secrets as manifests")
    secrets.add_argument("folder", type=Path)
    secrets.add_argument("--dev", action="store_true", help="with those of the overlay dev")
    asked = parser.parse_args()
    if asked.command == "secrets":
        print(manifests(asked.folder, development=asked.dev))
        return 0
    return check() if asked.check else write()


def write() -> int:
    for path, text in FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


def check() -> int:
    stale = [
        str(path) for path, text in FILES.items() if not path.exists() or path.read_text() != text
    ]
    print(
        f"stale, run `make docs`: {', '.join(stale)}" if stale else "deploy/k8s: as the code says"
    )
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
