/** Names of the benchmark rows. A name is never renamed: reports of years are compared by it. Listed for people in docs/json.md. */
export const BENCH_ROWS: readonly string[] = [
  "sm2-verify-vs-sm-crypto",
  "tap-host-share",
  "tap-in-field-vs-floor",
  "cash-verify-vs-sm-crypto",
  "cash-tap-host-share",
  "journal-commit-vs-c-floor",
  "journal-group-16",
  "journal-flushes-per-commit",
  "journal-bytes-per-commit",
  "journal-caller-commit",
  "start-100k-ready",
  "start-100k-rss",
  "drain-records-per-second",
  "api-50-counters-p99",
  "api-50-counters-orders",
];
