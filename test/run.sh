#!/bin/sh
# The whole suite in one process: `npm test`. With arguments only those files: `npm test -- 'test/log/*.test.ts'`.
set -eu
cd "$(dirname "$0")/.."
sh src/cli/install.sh
[ "$#" -gt 0 ] || set -- 'test/**/*.test.ts'
# Every child starts in a third of the time with its code compiled already.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/node}"
exec node_modules/.bin/node --test --test-isolation=none --test-timeout=300000 --test-reporter=./test/report.ts --test-reporter-destination=stdout "$@"
