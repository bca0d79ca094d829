/* Before each file: a worker that is not what the lane is about must not pass for it, and random input is drawn less often than on x64. */
import { configureGlobal } from "fast-check";
import { assert } from "../../../device/base/assert.ts";

/** The lane looks for what another machine does differently, which few inputs show as well as many. */
const RUNS = 25;

assert(process.arch === "arm64", "the tests of the arm64 lane run under the arm64 Node");
configureGlobal({ numRuns: RUNS });
