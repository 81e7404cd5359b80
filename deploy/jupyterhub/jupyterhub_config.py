"""JupyterHub for one course on one server: students with their own servers, an account that grades, an exchange.

    jupyterhub -f /etc/jupyterhub/jupyterhub_config.py

accounts.sh beside this file makes the accounts and folders that are named here. The environment's variables stand for what
differs where it is tried.
"""

import os

COURSE = (
    "contrastive-learning"  # c.CourseDirectory.course_id, the service's name and the end of the group's: all the same
)
GRADER = f"grader-{COURSE}"  # owns the checkout and the gradebook; nobody logs in as it
INSTRUCTORS = {"instructor"}  # people who may open the grader's server
PREFIX = os.environ.get("COURSE_PREFIX", f"/opt/{COURSE}")  # the environment of students and grader, and `course`
HOME = os.environ.get("GRADER_HOME", f"/home/{GRADER}")
SINGLEUSER = f"{PREFIX}/venv/bin/jupyterhub-singleuser"

c = get_config()  # noqa: F821

# PAM: whoever has an account of this machine and is in the UNIX group of the course
c.LocalAuthenticator.allowed_groups = {COURSE}
c.Authenticator.allowed_users = INSTRUCTORS

c.Spawner.cmd = [SINGLEUSER]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {"PYTHONPATH": f"{PREFIX}/lib"}  # `course` and nothing else of the repository
# asked of the system by spawners that can (systemd, Docker); LocalProcessSpawner cannot hold a student to them
c.Spawner.mem_limit = "2G"
c.Spawner.cpu_limit = 1.0

c.JupyterHub.load_groups = {f"formgrade-{COURSE}": {"users": sorted(INSTRUCTORS)}}
c.JupyterHub.load_roles = [
    {
        "name": f"formgrade-{COURSE}",
        "groups": [f"formgrade-{COURSE}"],
        "scopes": [f"access:services!service={COURSE}", "list:services", f"read:services!service={COURSE}"],
    },
    {"name": "server", "scopes": ["inherit"]},  # nbgrader's Course List asks as the person whose server it is
]
c.JupyterHub.services = [
    {
        "name": COURSE,
        "url": "http://127.0.0.1:9999",
        "command": [SINGLEUSER],
        "user": GRADER,
        "cwd": f"{HOME}/{COURSE}",
        "environment": {"JUPYTERHUB_DEFAULT_URL": "/lab", "PYTHONPATH": f"{HOME}/{COURSE}", "HOME": HOME},
        "oauth_no_confirm": True,  # instructors are not asked whether their own course may know who they are
    }
]
