/* Before each file: a worker that is not what the lane is about must not pass for it. */
import { assert } from "../../../device/base/assert.ts";

assert(process.arch === "arm64", "the tests of the arm64 lane run under the arm64 Node");
