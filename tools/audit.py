"""Are there known vulnerabilities in what is installed? `make audit`.

Asks the package index for its advisories on each locked package. An index that has none to give (a mirror) is
no proof of anything: that is said aloud, and fails where ``AUDIT_STRICT=1``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "pip-audit")
ARGUMENTS = ("--vulnerability-service", "pypi", "--no-deps", "--disable-pip", "--format", "json")


def main() -> int:
    """0: nothing known, or nothing could be asked; 1: a vulnerability, or the latter where that counts."""
    asked = subprocess.run(
        [PROGRAM, *ARGUMENTS, "--requirement", *sys.argv[1:]], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    found = [(p["name"], p["version"], v["id"]) for p in packages for v in p.get("vulns", ())]
    for name, version, advisory in found:
        sys.stderr.write(f"{name} {version}: {advisory}\n")
    unknown = [p["name"] for p in packages if "skip_reason" in p]
    known = len(packages) - len(unknown)
    sys.stderr.write(f"{known} of {len(packages)} packages were looked up, {len(found)} vulnerabilities\n")
    if unknown or not packages:
        sys.stderr.write("NOT AUDITED in full: the index gave no advisories; audit the SBOM elsewhere\n")
    missing = bool(unknown) or not packages
    return int(bool(found) or (missing and os.environ.get("AUDIT_STRICT") == "1"))


if __name__ == "__main__":
    sys.exit(main())
