#!/bin/sh
# `npm run demo` from a bare clone: brings what is missing, then tells the story.
set -eu
cd "$(dirname "$0")/../.."
sh src/cli/install.sh
exec node_modules/.bin/node src/demo/demo.ts "$@"
