"""Every attack gains nothing, learns nothing, leaves nothing behind and harms nobody."""

from __future__ import annotations

import collections

import pytest

from attacks import exhausting, forged_answers, harming, kernel_messages, metadata, protocol, spying, support
from attacks.arena import TOTAL, Arena
from attacks.attack import BASES, UNIT, Attack, notebook, written
from attacks.tools import SPY
from autograder.sandbox.child import seccomp
from autograder.sandbox.process import Sandbox, SandboxError
from autograder.submission.notebook import SubmissionError

THEMES = (metadata, kernel_messages, forged_answers, protocol, support, spying, harming, exhausting)
ATTACKS = [attack for theme in THEMES for attack in theme.ATTACKS]
THEME = {attack.name: theme.__name__.rpartition(".")[2] for theme in THEMES for attack in theme.ATTACKS}


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    yield from make_arena(tmp_path_factory.mktemp("class"))


def make_arena(folder):
    """A sandbox started in a process that is full of secrets; check functions get 2 s instead of 10."""
    try:
        box = Sandbox(hide=[folder])
    except SandboxError as error:  # there is none; one that does not start is an error
        pytest.skip(f"no sandbox here: {error}")
    limits = {name: UNIT.exercise(name).time_limit for name in UNIT.checks}
    for name in UNIT.checks:
        UNIT.exercise(name).time_limit = 2.0
    try:
        with box as sandbox:
            arena = Arena(sandbox, folder)
            arena.plant()
            assert arena.honest().record.score == TOTAL
            yield arena
            arena.clear()
    finally:
        for name, limit in limits.items():
            UNIT.exercise(name).time_limit = limit


def parameters(attacks):
    def mark(attack):
        return [pytest.mark.xfail(strict=True, reason=attack.succeeds)] if attack.succeeds else []

    return [pytest.param(attack, id=f"{THEME[attack.name]}:{attack.name}", marks=mark(attack)) for attack in attacks]


@pytest.mark.parametrize("attack", parameters(ATTACKS))
def test_attack(attack, arena):
    prove(attack, arena)


def prove(attack: Attack, arena: Arena) -> None:
    content = attack.submission(arena.places)
    if attack.refused:
        with pytest.raises(SubmissionError) as caught:
            arena.read(content)
        assert "\n" not in str(caught.value)
        return
    without = arena.baseline(attack)
    before = arena.processes()
    outcome = arena.grade(content)
    arena.assert_at_rest(before)
    assert outcome.record.score <= without, {
        n: (c.score, c.message) for n, c in outcome.record.checks.items() if c.score
    }
    arena.assert_untouched(outcome)
    if attack.proves:
        attack.proves(outcome, arena)
    assert arena.honest().record.score == TOTAL
    arena.assert_at_rest(before)


@pytest.fixture(scope="module")
def unfiltered(tmp_path_factory):
    """The same where libseccomp is missing: namespaces and limits must do alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seccomp, "available", lambda: False)
        yield from make_arena(tmp_path_factory.mktemp("unfiltered"))


@pytest.mark.slow
@pytest.mark.parametrize("attack", parameters(harming.ATTACKS))
def test_harm_without_seccomp(attack, unfiltered):
    assert "seccomp" not in unfiltered.sandbox.name
    prove(attack, unfiltered)


def test_there_are_enough_attacks_and_each_is_told_apart():
    names = collections.Counter(attack.name for attack in ATTACKS)
    assert len(ATTACKS) >= 45
    assert max(names.values()) == 1, names.most_common(3)
    assert all(attack.tries and attack.base in BASES for attack in ATTACKS)


def test_the_matrix_is_covered():
    """Rows 38 to 40 are about files (tests/test_class.py), 40 about archives, which this project does not open."""
    covered = {row for attack in ATTACKS for row in attack.rows}
    assert set(range(1, 45)) - covered <= {38, 40}


# that the proof would notice: the bases score what is assumed, and each channel carries what is put into it


def test_bases_score_what_the_attacks_assume(arena):
    scores = {name: arena.grade(written(notebook(answers))).record.score for name, answers in BASES.items()}
    assert scores["blank"] == scores["wrong"] == 0
    assert 0 < scores["bare"] < 4
    assert scores["solved"] == TOTAL


def test_a_secret_that_is_within_reach_is_noticed(arena):
    secret = arena.planted["memory"]
    home = "__import__('tempfile').gettempdir()"  # /tmp, or /scratch where the environment lies below /tmp
    plant = f"open({home} + '/canary', 'w').write('{secret[:10]}' + '{secret[10:]}')"
    attack = Attack("control", "finds what was put in its way", first=(plant, SPY, f"walk({home})\ntell()"))
    outcome = arena.grade(attack.submission(arena.places))
    with pytest.raises(AssertionError, match="seen by the student's code"):
        arena.assert_untouched(outcome)


def test_a_connection_is_noticed(arena):
    import socket
    import time

    socket.create_connection(("127.0.0.1", arena.port)).close()
    until = time.monotonic() + 5
    while not arena.connections and time.monotonic() < until:
        time.sleep(0.01)
    assert arena.connections
    arena.connections.clear()


def test_a_process_that_stays_is_noticed(arena):
    with pytest.raises(AssertionError, match="before"):
        arena.assert_at_rest(arena.processes() - {arena.sandbox.process.pid}, patience=0.1)
