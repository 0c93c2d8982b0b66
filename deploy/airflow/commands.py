"""Run several of Airflow's commands in one process, because each process spends seconds on imports.

Runs in Airflow's environment. Standard input is a JSON list of commands, each a list of arguments; so a password among
them is seen by nobody, as it would be on a command line.
"""

import json
import sys

from airflow.cli.cli_parser import get_parser


def main() -> None:
    """Run them in order; stop at the first that fails."""
    parser = get_parser()
    for command in json.load(sys.stdin):
        arguments = parser.parse_args(command)
        sys.stdout.write(f"airflow {' '.join(command[:2])}\n")
        sys.stdout.flush()
        arguments.func(arguments)


if __name__ == "__main__":
    main()
