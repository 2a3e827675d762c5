#!/bin/sh
# Compiles requirements/*.in into hash-locked files without download addresses, for 3.11 and later.
set -eu
cd "$(dirname "$0")/../requirements"
export UV_NO_PROGRESS=1
for name in base dev; do
    # From this folder, so that the comments in the locks are the same on every machine.
    uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header --quiet "$@" -o "$name.txt" "$name.in"
done
