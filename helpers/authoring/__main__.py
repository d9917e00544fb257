"""`python -m helpers.authoring build|new|shop|bench|prove|mutants`: the commands of those who write the course."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.course import course_folder


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m helpers.authoring", description=__doc__)
    parser.add_argument("--course", type=Path, help="the course folder (default: the nearest one with nbgrader_config.py)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="regenerate notebooks/, the solved notebooks and the answer keys")
    new = commands.add_parser("new", help="write the skeleton of an exercise")
    new.add_argument("lesson")
    new.add_argument("exercise")
    commands.add_parser("shop", help="draw the pictures and measure the tables of data/shop.md")
    measured = commands.add_parser("bench", help="print seconds and memory beside their budgets")
    measured.add_argument("part", nargs="?", choices=("notebooks", "checks", "shop", "recommenders", "grading"), help="this part alone")
    measured.add_argument("--full", action="store_true", help="grade a whole class instead of extrapolating to it")
    long = commands.add_parser("prove", help="run the long proofs and write tests/PROOF.md")
    long.add_argument("exercise", nargs="?", help="prove this one alone")
    mutants = commands.add_parser("mutants", help="run the mutants of the references and write tests/MUTANTS.md")
    mutants.add_argument("exercise", nargs="?", help="this one's alone")
    options = parser.parse_args(argv)
    try:
        course = options.course or course_folder()
        if options.command == "build":
            from helpers.authoring.build import build

            written = build(course)
            print("\n".join(str(path.relative_to(course)) for path in written) or "nothing changed")
        elif options.command == "new":
            from helpers.authoring.new import new_exercise

            print(new_exercise(course, options.lesson, options.exercise))
        elif options.command == "shop":
            from helpers.authoring.shop_page import write

            write(course)
        elif options.command == "bench":
            from helpers.authoring.bench import bench

            return bench(course, options.part, options.full)
        elif options.command == "mutants":
            from helpers.authoring.mutants import measure

            return measure(course, options.exercise)
        else:
            from helpers.authoring.proof import prove

            return prove(course, options.exercise)
    except (ValueError, KeyError, FileNotFoundError, RuntimeError) as error:
        print(f"no exercise {error}" if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
