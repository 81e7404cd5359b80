#!/usr/bin/env bash
# Run once, as root, from the repository: the grader's account with a checkout, the environment, the exchange, the settings.
# Students and instructors are accounts of the machine; put the students into the group: usermod -aG contrastive-learning NAME
set -euo pipefail
COURSE=contrastive-learning
GRADER="grader-$COURSE"
PREFIX="${COURSE_PREFIX:-/opt/$COURSE}"
EXCHANGE="${COURSE_EXCHANGE:-/srv/nbgrader/exchange}"
ETC="${COURSE_ETC:-/etc}"
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
REPOSITORY="$(cd "$HERE/../.." && pwd)"

getent group "$COURSE" >/dev/null || groupadd "$COURSE"
id "$GRADER" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$GRADER"
HOME_OF="$(getent passwd "$GRADER" | cut -d: -f6)"
chmod 700 "$HOME_OF" # solutions, submissions, gradebook: nobody else's

test -d "$HOME_OF/$COURSE" || { git clone -q "$REPOSITORY" "$HOME_OF/$COURSE" && chown -R "$GRADER": "$HOME_OF/$COURSE"; }

# packages only, not this project: what students can read must hold no reference
test -x "$PREFIX/venv/bin/python" || python3 -m venv "$PREFIX/venv"
"$PREFIX/venv/bin/python" - "$REPOSITORY/pyproject.toml" > "$PREFIX/requirements.txt" <<'END'
import sys, tomllib
print(*tomllib.load(open(sys.argv[1], "rb"))["project"]["dependencies"], "jupyterhub==6.1.1", sep="\n")
END
"$PREFIX/venv/bin/python" -m pip install -q -c "$REPOSITORY/constraints.txt" -r "$PREFIX/requirements.txt"
rm -rf "$PREFIX/lib" && mkdir -p "$PREFIX/lib" && cp -r "$REPOSITORY/course" "$PREFIX/lib/"

install -d -m 777 "$EXCHANGE"
install -d "$ETC/jupyter" "$ETC/jupyterhub"
install -m 644 "$HERE/nbgrader_config.py" "$ETC/jupyter/nbgrader_config.py"
install -m 644 "$HERE/jupyterhub_config.py" "$ETC/jupyterhub/jupyterhub_config.py"
echo "made: $GRADER in $HOME_OF, $PREFIX, $EXCHANGE"
