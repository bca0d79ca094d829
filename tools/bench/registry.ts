import { bench as api } from "./api.ts";
import { bench as apiTerminal } from "./api-terminal.ts";
import type { Bench } from "./bench.ts";
import { bench as drain } from "./drain.ts";
import { bench as electronicCash } from "./electronic-cash.ts";
import { bench as journal } from "./journal.ts";
import { bench as lists } from "./lists.ts";
import { bench as sm2 } from "./sm2.ts";
import { bench as tap } from "./tap.ts";

/** The benchmarks in the order in which they run. */
export const BENCHES: readonly Bench[] = [sm2, tap, electronicCash, journal, drain, api, apiTerminal, lists];
