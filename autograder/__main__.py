"""python -m autograder grade | grade-class | report | export | new | build | prove | solution | demo"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    from autograder.sandbox.process import SandboxError
    from autograder.submission.notebook import SubmissionError
    from autograder.units.manifest import UnitError

    try:
        return arguments.run(arguments)
    except (UnitError, SubmissionError, SandboxError, MemoryError, FileExistsError, PermissionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was graded is kept, run the same command to go on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m autograder", description="Grade exercises of the course.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade one notebook in the sandbox and print a table")
    grade.add_argument("notebook", type=Path)
    grade.add_argument("--unit", metavar="SLUG", help="the unit; guessed from the notebook when not given")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write the record as JSON")
    grade.add_argument("--seed", type=int, help="repeat an earlier grading (the seed stands in its record)")
    grade.add_argument("--unsafe-no-sandbox", action="store_true", help="run the code without a sandbox")
    grade.set_defaults(run=_grade)

    group = commands.add_parser("grade-class", help="grade submitted/*/UNIT/ into the gradebook")
    group.add_argument("unit", metavar="UNIT")
    group.add_argument("--course", type=Path, default=Path.cwd(), help="course directory (default: here)")
    group.add_argument("--workers", type=int, default=0, metavar="N", help="parallel graders (default: processors)")
    group.add_argument("--scheduler", metavar="ADDRESS", help="grade on the workers of a Dask scheduler")
    group.add_argument("--memory", type=float, default=0, metavar="GB", help="for a student's code (default: 2)")
    group.add_argument(
        "--changed", action="store_true", help="grade again what was graded with other checks than today's"
    )
    group.add_argument("--force", action="store_true", help="grade again what has been graded")
    group.add_argument("--exchanged", action="store_true", help="believe timestamp.txt: nbgrader's exchange wrote it")
    group.add_argument("--unsafe-no-sandbox", action="store_true", help="run the code without a sandbox")
    group.set_defaults(run=_grade_class)

    report = commands.add_parser("report", help="one page on how a class did: reports/UNIT.html")
    report.add_argument("unit", metavar="UNIT")
    report.add_argument("--course", type=Path, default=Path.cwd(), help="course directory (default: here)")
    report.add_argument("--shareable", action="store_true", help="without names")
    report.set_defaults(run=_report)

    export = commands.add_parser("export", help="grades or a grader for Canvas, Moodle, Gradescope: exports/UNIT-...")
    export.add_argument("unit", metavar="UNIT")
    export.add_argument("--course", type=Path, default=Path.cwd(), help="course directory (default: here)")
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--canvas", action="store_const", dest="form", const="canvas", help="grades as Canvas imports them"
    )
    form.add_argument(
        "--moodle", action="store_const", dest="form", const="moodle", help="grades as Moodle imports them"
    )
    form.add_argument(
        "--gradescope", action="store_const", dest="form", const="gradescope", help="a zip that grades on Gradescope"
    )
    export.set_defaults(run=_export)

    new = commands.add_parser("new", help="begin a graded function: question, stub and the module of its check")
    new.add_argument("unit", metavar="UNIT")
    new.add_argument("function", metavar="FUNCTION")
    new.set_defaults(run=_new)

    build = commands.add_parser("build", help="regenerate notebooks and public checks from their sources")
    build.add_argument("units", nargs="*", metavar="UNIT")
    build.add_argument("--lectures", action="store_true", help="execute the lectures too")
    build.add_argument("--overwrite", action="store_true", help="discard what was written into notebooks")
    build.set_defaults(run=_build)

    prove = commands.add_parser("prove", help="show that checks are neither fooled nor unfair")
    prove.add_argument("units", nargs="*", metavar="UNIT")
    prove.add_argument("--seeds", type=int, default=10)
    prove.add_argument("--only", metavar="FUNCTION", help="the one function to look at")
    prove.add_argument(
        "--right", action="store_true", help="right answers only, another one at each seed: for many seeds"
    )
    prove.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: processors)")
    prove.set_defaults(run=_prove)

    solution = commands.add_parser("solution", help="print the worked solution of one question as Markdown")
    solution.add_argument("name", metavar="FUNCTION", help="a graded function, number, proof or derivation")
    solution.set_defaults(run=_solution)

    demo = commands.add_parser("demo", help="release, submit, grade and report a small class in build/demo")
    demo.set_defaults(run=_demo)
    return top


def _grade(arguments) -> int:
    from autograder.grading.grade import grade_file
    from autograder.grading.report import record_table
    from autograder.sandbox.process import Sandbox
    from course.records import note

    with Sandbox(unsafe=arguments.unsafe_no_sandbox) as sandbox:
        record = grade_file(arguments.notebook, arguments.unit, sandbox, arguments.seed)
    print(record_table(record))
    scores = {name: [check.score, check.max_score] for name, check in record.checks.items()}
    note("grade", arguments.notebook, unit=record.unit, scores=scores, by_hand=list(record.manual))
    if arguments.json:
        arguments.json.write_text(json.dumps(record.to_json(), indent=1) + "\n", encoding="utf-8")
    return 0


def _grade_class(arguments) -> int:
    from autograder.classroom.run import Regrade, grade_class
    from autograder.grading import quick  # noqa: F401  (first)

    return grade_class(
        arguments.course,
        arguments.unit,
        workers=arguments.workers,
        memory_bytes=int(arguments.memory * 2**30),
        scheduler=arguments.scheduler,
        regrade=Regrade(arguments.changed, arguments.force),
        unsafe=arguments.unsafe_no_sandbox,
        exchanged=arguments.exchanged,
    )


def _report(arguments) -> int:
    from autograder.classroom.class_report import write_report

    print(write_report(arguments.course, arguments.unit, arguments.shareable))
    return 0


def _export(arguments) -> int:
    from autograder.classroom.gradescope import write_zip
    from autograder.classroom.lms import export_lms

    if arguments.form == "gradescope":
        print(write_zip(arguments.course, arguments.unit))
    else:
        print(export_lms(arguments.course, arguments.unit, arguments.form))
    return 0


def _new(arguments) -> int:
    from autograder.publish.build import build_unit
    from autograder.publish.new import new_function
    from autograder.units.manifest import ROOT

    unit, name = arguments.unit, arguments.function
    source, module = (path.relative_to(ROOT) for path in new_function(unit, name))
    build_unit(unit, checks=False)
    print(f"{source}: a question, a stub and its check, 1 point (cells {name}, check_{name})")
    print(f"{module}: how it is checked")
    print(f"write both (docs/authoring.md), then\n    python -m autograder build {unit}")
    print(f"    python -m autograder prove {unit} --only {name}    says what is missing")
    return 0


def _build(arguments) -> int:
    from autograder.publish import build
    from autograder.units.manifest import ROOT, UnitError, near

    known = sorted(path.stem for path in (ROOT / "solutions").glob("*/*.py"))
    for slug in arguments.units:
        if slug not in known:
            raise UnitError(f"unknown unit {slug!r}{near(slug, known)}")
    slugs, refused = arguments.units or known, 0
    for slug in slugs:
        try:
            print(f"{slug}: {len(build.build_unit(slug, arguments.overwrite))} files")
            for name, lacks in build.unasked_checks(slug).items():
                print(f"{slug} {name}: no public check yet: {'; '.join(lacks)}", file=sys.stderr)
                refused += 1
            if arguments.lectures and (ROOT / "lectures" / f"{slug}.py").exists():
                path = build.build_lecture(slug, arguments.overwrite)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
        except FileExistsError as error:  # the other units are none the worse for it
            print(f"{slug}: nothing written: {error} (--overwrite discards that work)", file=sys.stderr)
            refused += 1
    return 2 if refused else 0


def _prove(arguments) -> int:
    from autograder.publish.prove import prove

    return prove(arguments.units, arguments.only, arguments.seeds, arguments.workers, arguments.right)


def _solution(arguments) -> int:
    from autograder.publish.worked import worked

    print(worked(arguments.name))
    return 0


def _demo(arguments) -> int:
    from autograder.classroom.demo import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
