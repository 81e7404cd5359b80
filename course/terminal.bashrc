# What a terminal of `make lab` starts with: the environment of the course, at the repository's root (where the commands
# of README and exercises are to be typed), whatever the user's own profile has put on PATH.
[ -f ~/.bashrc ] && . ~/.bashrc
cd "$(dirname "${BASH_SOURCE[0]}")/.." && export PATH="$PWD/.venv/bin:$PATH"
