"""``crs-cds`` and its commands. Exit codes: 0 done, 1 the input was refused, 2 wrong usage."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from cds_service.commands import audit, demo, doctor, feedback, grade, mapping, records, serve, tables
from cds_service.errors import ConfigurationError, ServiceError

REFUSED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. A refusal is one line on stderr."""
    parser = argparse.ArgumentParser(
        prog="crs-cds",
        description="Grades cytokine release syndrome from FHIR R4 data. Decision support for professionals.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (serve, demo, doctor, grade, mapping, tables, feedback, audit, records):
        module.add_parser(commands)
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # °C and → in a terminal that knows only ASCII
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(chosen.run(chosen))
    except BrokenPipeError:  # the reader went away, as with `| head`
        sys.stderr.close()
        return REFUSED
    except (ConfigurationError, ServiceError, OSError) as error:
        sys.stderr.write(f"crs-cds: {' '.join(str(error).split())}\n")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
