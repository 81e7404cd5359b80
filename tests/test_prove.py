"""The command `prove`: what it says of names that it does not know, and that its processes change nothing."""

from __future__ import annotations

from autograder.__main__ import main
from autograder.publish import prove
from autograder.units.manifest import Cell, Unit, load_unit


def test_an_unknown_function_is_said_in_one_line_with_the_known_ones(capsys):
    assert main(["prove", "01_similarity_losses", "--only", "nt_xnet"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said == "error: no check is called 'nt_xnet'; did you mean nt_xent?\n"
    assert main(["prove", "01_similarity_losses", "--only", "zzz"]) == 2
    assert capsys.readouterr().err.startswith("error: no check is called 'zzz'; known: logistic_loss, ")
    assert main(["prove", "01_similarty_losses"]) == 2
    assert capsys.readouterr().err == "error: unknown unit '01_similarty_losses'; did you mean 01_similarity_losses?\n"
    for arguments in (["build", "01"], ["new", "01", "f"], ["grade-class", "01"]):
        assert main(arguments) == 2
        assert capsys.readouterr().err == "error: unknown unit '01'; did you mean 01_similarity_losses?\n"


def test_a_missing_check_is_said_in_one_line_with_the_path_to_write(capsys, monkeypatch):
    ghost = Cell("check_ghost", "check", "code", "check(ghost)", 1.0)
    monkeypatch.setattr(prove, "load_unit", lambda slug: Unit("01_similarity_losses", (ghost,), ()))
    assert main(["prove", "01_similarity_losses"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "autograder/units/u01_similarity_losses/ghost.py is missing" in said


def test_two_processes_print_what_one_prints_in_the_order_of_the_notebook(capsys):
    arguments = ["prove", "01_similarity_losses", "--seeds", "1", "--workers"]
    assert main([*arguments, "1"]) == 0
    alone = capsys.readouterr().out
    assert main([*arguments, "2"]) == 0
    assert capsys.readouterr().out == alone
    assert [line.split()[1].rstrip(":") for line in alone.splitlines()] == list(
        load_unit("01_similarity_losses").checks
    )
