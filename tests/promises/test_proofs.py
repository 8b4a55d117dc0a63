"""docs/promises.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "docs/promises.md").read_text()


def test_every_proof_that_is_named_exists() -> None:
    paths = [one for one in ROOT.glob("*/**/test_*.py") if ".venv" not in one.parts]
    files = {path.name for path in paths}
    tests = {name for one in paths for name in re.findall(r"def (test_\w+)\(", one.read_text())}

    named = re.findall(r"`((?:[\w/]+/)?test_\w+\.py)?(?:::)?(test_\w+)?`", PROMISES)
    assert len(named) > 40
    for path, test in named:
        assert not path or ("/" not in path and path in files) or (ROOT / path).is_file(), path
        assert not test or test in tests, test
