#!/bin/sh
# Build .venv with the tested packages, or say in one line what is missing.
# .venv/ready is written last and holds this folder and a checksum of the files below:
# equal -> nothing to do; same folder -> update in place; anything else (new, broken, moved) -> build anew.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
log=.setup.log
key="$PWD: $(cat settings.ini setup.py constraints.txt tools/jupyter_server_config.py | cksum)"
min=$(sed -n 's/^min_python *= *//p' settings.ini)
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

die() { echo "set-up stopped: $*" >&2; exit 1; }

command -v git >/dev/null || die "git is missing. Install it (Debian, Ubuntu: apt install git)."
ready=$(cat .venv/ready 2>/dev/null || true)
.venv/bin/python -c '' 2>/dev/null || ready=
[ "$ready" != "$key" ] || exit 0

command -v "$PYTHON" >/dev/null || die "$PYTHON is missing. Install Python $min or newer."
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null | tr -cd 0-9.)
[ -n "$version" ] || die "$PYTHON does not start."
minor=${version#*.}
[ "${version%%.*}" = 3 ] && [ "${minor%%.*}" -ge "${min#*.}" ] ||
    die "$PYTHON is Python $version, the book needs $min or newer. Name a newer one: make lab PYTHON=python3.12"
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
    die "$PYTHON has no venv module. Install it (Debian, Ubuntu: apt install python3-venv)."

case $ready in
    "$PWD: "*) echo "Updating .venv: settings.ini, setup.py or constraints.txt changed" ;;
    *) echo "Building .venv with Python $version"
       "$PYTHON" -m venv --clear .venv >$log 2>&1 || die "$PYTHON -m venv failed: $(tail -n 1 $log)" ;;
esac
rm -f .venv/ready
echo "Installing the packages (minutes the first time; progress is in $log)"
.venv/bin/python -m pip install --no-input -c constraints.txt -e '.[dev,docs]' >$log 2>&1 || {
    ! grep -q 'connection broken by' $log || die "no network: pip cannot reach the package index. Details: $log"
    die "pip failed: $(grep 'ERROR:' $log | sed 's/^ *//;q'). Details: $log"
}
# Small diffs: JupyterLab saves clean notebooks, git merges them cell by cell. Nothing outside this folder is changed.
mkdir -p .venv/etc/jupyter && cp tools/jupyter_server_config.py .venv/etc/jupyter/
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
    git config --local --get-all include.path | grep -qx '../.gitconfig' || git config --local --add include.path ../.gitconfig ||
        echo "note: git does not let me set include.path; notebooks will be merged as text"
fi
echo "$key" >.venv/ready
echo "Ready: .venv, Python $version"
