"""
Look for the secrets that the tests have used: they may stand only in files that nobody else can read, and neither in
logs nor in what the tests have printed.

Usage: C{python leaks.py SECRETS FOLDER OUTPUT...}, with the project's folder in C{PYTHONPATH}. SECRETS is the file that
the environment variable C{CTRADER_TEST_SECRETS} named to the tests, FOLDER their temporary directory, and each OUTPUT a
file of what they have printed. What is found goes to standard error: the file and the place in it, never the secret.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from test.secrecy import Secrets, exposed, misplaced


def readSecrets(path: Path) -> Secrets:
    """
    Read what the tests have written down.

    @param path: the file, with a secret in each line, as JSON.
    @return: the secrets.
    @raise SystemExit: if there are none, which means that nobody has watched.
    """
    secrets = Secrets()
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        secrets.add(json.loads(line))
    if not lines:
        raise SystemExit(f"the tests have written no secrets into {path}")
    sys.stderr.write(f"secrets that were used: {len(lines)}\n")
    return secrets


def main(secretsPath: str, folder: str, *outputs: str) -> int:
    """
    Judge what a run has left.

    @param secretsPath: the file of the secrets.
    @param folder: the temporary directory of the tests.
    @param outputs: files of what they have printed.
    @return: 0 if all is well, else 1.
    """
    secrets = readSecrets(Path(secretsPath))
    found = list(misplaced(Path(folder), secrets))
    for output in map(Path, outputs):
        at = exposed(output, secrets)
        if at is not None:
            found.append((output, at))
    for path, at in found:
        sys.stderr.write(f"{path}: others can read the secret at byte {at}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
