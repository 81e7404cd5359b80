"""deploy/jupyterhub loads, and its names are one name: course, service, group, role, grader. JupyterHub itself is not needed."""

from __future__ import annotations

import subprocess

import pytest
from traitlets.config import PyFileConfigLoader

from autograder.units.manifest import ROOT

FOLDER = ROOT / "deploy" / "jupyterhub"


def load(path) -> dict:
    return PyFileConfigLoader(path.name, path=str(path.parent)).load_config()


@pytest.fixture
def hub():
    return load(FOLDER / "jupyterhub_config.py")


def test_service_group_and_role_are_of_nbgraders_course(hub):
    """nbgrader finds a course's formgrader by these names only."""
    course = load(ROOT / "nbgrader_config.py").CourseDirectory.course_id
    assert load(FOLDER / "nbgrader_config.py").CourseDirectory.course_id == course
    (service,), (group,), (role, server) = (
        hub.JupyterHub.services,
        hub.JupyterHub.load_groups.items(),
        hub.JupyterHub.load_roles,
    )
    assert service["name"] == course
    assert service["user"] == f"grader-{course}"
    assert group == (f"formgrade-{course}", {"users": sorted(hub.Authenticator.allowed_users)})
    assert role["groups"] == [group[0]]
    assert f"access:services!service={course}" in role["scopes"]
    assert server["name"] == "server"


def test_students_see_course_and_not_the_repository(hub, monkeypatch):
    (service,) = hub.JupyterHub.services
    seen = hub.Spawner.environment["PYTHONPATH"]
    assert seen == "/opt/contrastive-learning/lib"
    assert service["environment"]["PYTHONPATH"] == service["cwd"]
    assert not service["cwd"].startswith(seen)
    script = (FOLDER / "accounts.sh").read_text(encoding="utf-8")
    assert 'chmod 700 "$HOME_OF"' in script
    assert 'cp -r "$REPOSITORY/course" "$PREFIX/lib/"' in script


def test_the_exchange_is_one_place_and_its_dates_are_believed(monkeypatch):
    monkeypatch.setenv("COURSE_EXCHANGE", "/elsewhere")
    settings = load(FOLDER / "nbgrader_config.py")
    assert settings.Exchange.root == "/elsewhere"
    assert settings.Dates.believed
    assert '"${COURSE_EXCHANGE:-/srv/nbgrader/exchange}"' in (FOLDER / "accounts.sh").read_text(encoding="utf-8")
    monkeypatch.delenv("COURSE_EXCHANGE")
    assert load(FOLDER / "nbgrader_config.py").Exchange.root == "/srv/nbgrader/exchange"


def test_the_script_is_bash():
    subprocess.run(["bash", "-n", FOLDER / "accounts.sh"], check=True)
