"""What the images run: `serve|api|worker|migrate|retell|provision|healthcheck`.

The health check is asked every few seconds, so it must not load a service to find out.
"""

import os
import runpy
import sys
import urllib.error
import urllib.request

PATIENCE = 3.0  # seconds


def is_ready() -> bool:
    """Ask the process in this container; say on standard output what it waits for."""
    port = os.environ.get("TOCSIN_PORT", "8000")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE):
            return True
    except urllib.error.HTTPError as answer:
        print(answer.read().decode())  # noqa: T201
    except OSError as error:
        print(f"no answer on port {port}: {type(error).__name__}")  # noqa: T201
    return False


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if command == "healthcheck":
        sys.exit(not is_ready())
    if command == "provision":
        module = "tocsin_common.provision"
    else:
        module = f"tocsin_{os.environ['TOCSIN_SERVICE']}"
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
