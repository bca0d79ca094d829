#!/usr/bin/env node
/* The command as a file of its own, for a PATH or an npm link; the same entry as `npm run yikatong-sim`. */
process.argv.splice(2, 0, "yikatong-sim");
await import("../run.mjs");
