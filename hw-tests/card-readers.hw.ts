/* The contract suites on metal. Run where YIKATONG_BENCH names a bench file; it has no assertions of its own. */
import { vi } from "vitest";
import { assert } from "../device/base/assert.ts";
import { cardChannelContract } from "../device/drivers/contract/card-channel-contract.ts";
import { cardReaderContract } from "../device/drivers/contract/card-reader-contract.ts";
import { metalBenchFile, metalCardBench } from "./benches/metal.ts";

const file = metalBenchFile();
assert(file !== undefined, "YIKATONG_BENCH names the bench file of this desk");

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

cardReaderContract(file.name, () => metalCardBench(file));
cardChannelContract(file.name, () => metalCardBench(file));
