"""Holds manifests against Kubernetes' schemas and those of the custom resources in them.

`validate.py FILE` prints what is refused and why, a line for each, and ends with 1 if anything is.
"""

import json
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import yaml

VERSIONS = ("1.31", "1.34", "1.37")
HERE = Path(__file__).parent
MODELS = HERE.parents[2] / "build" / "k8s-tools" / "validate-crds.mjs"


def main() -> int:
    documents = [one for one in yaml.safe_load_all(Path(sys.argv[1]).read_text()) if one]
    native = [one for one in documents if is_native(one["apiVersion"])]
    refused = [line for one in native if (line := problem_of(one))]
    custom = custom_problems([one for one in documents if one not in native])
    for line in (*refused, *custom):
        print(line)
    print(f"{len(documents)} objects, {len(refused) + len(custom)} refused")
    return bool(refused or custom)


def is_native(version: str) -> bool:
    group = version.rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and group != "gateway.networking.k8s.io")


def problem_of(document: dict) -> str | None:
    name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except Exception as error:
            return f"{name}: {version}: {str(error).splitlines()[0]}"
    return None


def custom_problems(documents: list[dict]) -> list[str]:
    # Beside node_modules, so that node finds them.
    MODELS.write_text((HERE / "validate-crds.mjs").read_text())
    done = subprocess.run(
        ["node", MODELS], input=json.dumps(documents), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
