"""Run every package's tests, one pytest process for each, two at a time.

`run_tests.py [path …]` runs only some. A package without tests is a failure.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PACKAGES = [  # the longest first
    "services/cases",
    "libs/common",
    "services/notifications",
    "services/intake",
    "libs/cli",
    "services/buyer_portal_api",
    "libs/contracts",
]
TOGETHER = ["tests"]  # these load both cores by themselves


def run(package: str) -> tuple[str, int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=yes", "-rs", package],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    )
    return package, done.returncode, done.stdout, time.monotonic() - began


def main() -> int:
    chosen = sys.argv[1:]
    failed: list[str] = []
    for packages, together in ((chosen or PACKAGES, 2), ([] if chosen else TOGETHER, 1)):
        with ThreadPoolExecutor(together) as pool:
            for package, code, output, seconds in pool.map(run, packages):
                print(f"── {package} ({seconds:.0f} s) " + "─" * 40)
                print(output, flush=True)
                if code:
                    failed.append(package)
    if failed:
        print(f"failed: {', '.join(failed)}")
        return 1
    return 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    sys.exit(main())
