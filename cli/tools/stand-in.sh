#!/bin/sh
# Runs the program that this file is linked as. Where it is not built yet, it is built first.
project=$(cd "$(dirname "$0")/../.." && pwd) &&
  program=$(node "$project/lib/run.mjs" cli/main.ts tool "$(basename "$0")") &&
  exec "$program" "$@"
