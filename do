#!/bin/sh
# One command for everything: brings what is missing, then runs, tests, checks or measures Portico.
set -eu
unset CDPATH
cd -- "$(dirname -- "$0")"
export UV_PYTHON_DOWNLOADS=never # the machine's own Python, or a clear word that it is too old

main() {
    command=${1:-help}
    [ $# -eq 0 ] || shift
    case $command in
        run) bring run; exec .venv/bin/portal run "$@" ;;
        test) bring dev; bring_services; run_tests "$@" ;;
        lint) bring dev; lint ;;
        bench) bring dev; exec .venv/bin/python -m tests.bench "$@" ;;
        lock) lock "$@" ;;
        clean) clean ;;
        help | -h | --help) help ;;
        *) help >&2; die "There is no command '$command'." ;;
    esac
}

help() {
    cat <<'END'
Usage: ./do COMMAND, or make COMMAND

  run      start Portico; PORT and PORTAL_HOME say where (8000, ./var)
  test     run the tests, bringing the services they need (STRICT=1: a skip is a failure)
  lint     check formatting, style, types and who imports whom
  bench    measure against the floor
  lock     pin every dependency of setup.cfg again (./do lock --upgrade: newest versions)
  clean    remove what these commands made; var/ stays
  help     this list

Arguments go on to the tool: ./do test -k invite, or make test ARGS="-k invite".
END
}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

# --- the environment ------------------------------------------------------------------------------

# Leaves in .venv the pinned set of requirements/$1.txt and Portico itself; does nothing when they
# are there, which is what makes a second start instant.
bring() {
    if is_installed "$1"; then return; fi
    take_turn
    if ! is_installed "$1"; then install "$1"; fi
    give_turn
}

# Of two at once, the second waits here and then finds the work done.
take_turn() {
    mkdir -p .bootstrap
    exec 9>.bootstrap/lock
    if has flock; then flock 9; fi
}

# Without it, the program that follows would keep the turn as long as it lives.
give_turn() { exec 9>&-; }

is_installed() {
    for kind in "$1" dev; do # dev holds all of run
        if [ -x .venv/bin/python ] && [ "$(cat ".venv/.$kind" 2>/dev/null)" = "$(stamp "$kind")" ]; then
            return 0
        fi
    done
    return 1
}

stamp() {
    identity
    cat setup.cfg pyproject.toml "requirements/$1.txt" | cksum
}

# A virtual environment is tied to its folder and to its interpreter.
identity() { printf '%s\n' "$PWD ${PYTHON:-} $(readlink -f .venv/bin/python)"; }

install() {
    python=$(system_python)
    find_uv
    say "Installing the pinned packages (only now, and when they change) ..."
    rm -f .venv/.run .venv/.dev
    if ! [ -x .venv/bin/python ] || [ "$(cat .venv/.identity 2>/dev/null)" != "$(identity)" ]; then
        rm -rf .venv
        "$uv" venv -q --no-project --python "$python" .venv
        identity >.venv/.identity
    fi
    "$uv" pip install -q --compile-bytecode --python .venv/bin/python --require-hashes \
        -r "requirements/$1.txt"
    "$uv" pip install -q --python .venv/bin/python --no-deps -e .
    # Without bytecode every start would spend two more seconds on reading source.
    .venv/bin/python -m compileall -q portal plugins migrations
    stamp "$1" >".venv/.$1"
}

# Prints the interpreter to use: PYTHON if set, else the first of the usual names that is new enough.
system_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            # from inside a virtual environment, the interpreter it was made from
            "$name" -c 'import sys; print(sys._base_executable)'
            return
        fi
    done
    name=${PYTHON:-python3}
    die "Portico needs Python 3.11 or later; $name here is $("$name" --version 2>/dev/null || echo missing)."
}

# Sets uv: the one in PATH if it works and is recent, else our own.
find_uv() {
    # trust whom the machine trusts, which may be more than the roots uv brings along
    if [ -s /etc/ssl/certs/ca-certificates.crt ]; then export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1; fi
    # pip's mirror is also uv's, where the machine has one
    if [ -n "${PIP_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"; fi
    for uv in uv "$PWD/.bootstrap/uv/bin/uv"; do
        if is_recent_uv "$uv"; then return; fi
    done
    bring_venv_module
    say "Bringing uv ..."
    rm -rf .bootstrap/uv
    "$python" -m venv .bootstrap/uv
    .bootstrap/uv/bin/python -m pip install -q --disable-pip-version-check uv
}

is_recent_uv() {
    version=$("$1" --version 2>/dev/null) || return 1
    version=${version#uv }
    version=${version%% *}
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    case $major.$minor in *[!0-9.]* | .* | *.) return 1 ;; esac
    [ "$major" -gt 0 ] || [ "$minor" -ge 8 ] # older ones pin otherwise
}

bring_venv_module() {
    if has_venv_module; then return; fi
    if can_apt; then
        say "Installing python3-venv (apt-get) ..."
        apt_install python3-venv || true
        if has_venv_module; then return; fi
    fi
    if has apt-get; then
        die "Python's venv module is missing. Type: sudo apt-get install -y python3-venv"
    fi
    die "Python's venv module is missing. Type: python3 -m pip install --user uv"
}

has_venv_module() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

# --- the services of the tests --------------------------------------------------------------------

# What cannot be had is no error here: the tests that need it are skipped, and say how to get it.
bring_services() {
    if has_services || ! can_apt; then return; fi
    take_turn
    if ! has_chromium; then bring_service Chromium chromium-headless-shell fonts-noto-core; fi
    if ! has_chromium; then bring_service Chromium chromium fonts-noto-core; fi
    if ! has_postgres; then bring_service PostgreSQL postgresql; fi
    if ! has_redis; then bring_service Redis redis-server; fi
    if ! has_kannel; then bring_service Kannel kannel kannel-extras; fi
    if ! has_dovecot; then bring_service Dovecot dovecot-imapd; fi
    if ! has_spamassassin; then bring_service SpamAssassin spamassassin; fi
    give_turn
}

has_services() {
    has_chromium && has_postgres && has_redis && has_kannel && has_dovecot && has_spamassassin
}

has_chromium() {
    if [ -n "${PORTICO_CHROMIUM:-}" ]; then return; fi
    has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome
}

has_postgres() {
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        if [ -x "$initdb" ]; then return; fi
    done
    has initdb
}

has_redis() { has redis-server || has valkey-server; }

has_kannel() { has bearerbox && [ -x /usr/lib/kannel/test/fakesmsc ]; }

has_dovecot() { [ -x /usr/sbin/dovecot ] || has dovecot; }

has_spamassassin() { has spamassassin; }

bring_service() {
    name=$1
    shift
    say "Installing $name for the tests (apt-get install $*) ..."
    apt_install "$@" || say "$name could not be installed; the tests that need it are skipped."
}

can_apt() { [ "$(id -u)" = 0 ] && has apt-get; }

apt_install() {
    hold_daemons
    status=0
    quiet_apt install --no-install-recommends "$@" || {
        quiet_apt update && quiet_apt install --no-install-recommends "$@"
    } || status=$?
    free_daemons
    [ $status -eq 0 ] || say "$report"
    return $status
}

# Keeps what apt says for the day it fails.
quiet_apt() {
    report=$(DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@" 2>&1 </dev/null)
}

# We want programs, not daemons: nothing is started, and no cluster is made, while we install.
hold_daemons() {
    held=
    trap 'free_daemons' EXIT
    trap 'free_daemons; exit 130' INT
    trap 'free_daemons; exit 143' TERM
    if ! [ -e /usr/sbin/policy-rc.d ]; then
        held=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >"$held"
        chmod 755 "$held"
    fi
    clusters=/etc/postgresql-common/createcluster.d
    mkdir -p "$clusters"
    held="$held $clusters/portico-tests.conf"
    echo 'create_main_cluster = false' >"$clusters/portico-tests.conf"
}

free_daemons() {
    trap - EXIT INT TERM
    # shellcheck disable=SC2086 # a list
    rm -f $held
}

# --- the work -------------------------------------------------------------------------------------

# loadgroup keeps tests marked with one xdist_group together and deals the others out one by one.
# Two processes more than there are cores: many tests wait for a clock or for another process.
run_tests() {
    processes=$(($(getconf _NPROCESSORS_ONLN) + 2))
    exec .venv/bin/python -m pytest -n "$processes" --maxprocesses 5 --dist loadgroup "$@"
}

# All four speak, so that one visit mends everything.
lint() {
    status=0
    .venv/bin/ruff format --check . || status=1
    .venv/bin/ruff check . || status=1
    .venv/bin/mypy portal plugins || status=1
    .venv/bin/lint-imports || status=1
    exit $status
}

lock() {
    python=$(system_python)
    take_turn
    find_uv
    compile run "$@"
    compile dev --extra dev "$@"
    give_turn
}

compile() {
    into=requirements/$1.txt
    shift
    "$uv" pip compile setup.cfg --universal --generate-hashes --no-header -q \
        --python "$python" --python-version 3.11 -o "$into" "$@" >/dev/null
}

clean() {
    rm -rf .venv .bootstrap build dist ./*.egg-info .coverage \
        .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
    find . -name __pycache__ -type d -prune -exec rm -rf {} +
}

main "$@"
