# Sourced by the scripts beside it: names and times each step, so that a slow gate tells where.

# step NAME COMMAND…: runs the command, says how long it took, and returns its status.
step() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '\n==> %s\n' "$name"
  "$@" || status=$?
  if [ "$status" -ne 0 ]; then
    printf '==> %s: FAILED after %ss\n' "$name" "$((SECONDS - began))" >&2
    return "$status"
  fi
  printf '==> %s: ok in %ss\n' "$name" "$((SECONDS - began))"
}

# Where cargo puts what it builds; everything the scripts make lies there too.
target=${CARGO_TARGET_DIR:-target}
tools=$target/tools
export PATH="$PWD/$tools/bin:$PATH"
case $target in /*) export PATH="$tools/bin:$PATH" ;; esac
