/* The contract suites over everything that runs without a lane of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SimulatedJournalDisk } from "../../../simulators/disk/journal-store.ts";
import { SimulatedStorageDisk } from "../../../simulators/disk/storage.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { systemClock } from "../../system/clock.ts";
import { systemProcesses } from "../../system/processes.ts";
import { systemRandomness } from "../../system/randomness.ts";
import { openFolderStorage } from "../../system/storage.ts";
import { openSqliteStore } from "../../txn/journal/sqlite/store.ts";
import { clockContract } from "./clock.ts";
import { fullJournalStoreContract, journalStoreContract } from "./journal-store.ts";
import { processesContract } from "./processes.ts";
import { randomnessContract } from "./randomness.ts";
import { storageContract } from "./storage.ts";

const temporaryFolder = () => mkdtemp(join(tmpdir(), "yikatong-contract-"));

clockContract("system", () => ({ clock: systemClock(), run: (work) => work }));
clockContract("virtual", () => {
  const clock = new VirtualClock(1_790_000_000_000);
  return { clock, run: (work) => clock.resolve(work) };
});

randomnessContract("system", systemRandomness);
randomnessContract("seeded", () => new SeededRandomness("contract"));

storageContract("folder", async () => {
  const folder = await temporaryFolder();
  return { open: () => openFolderStorage(join(folder, "deep", "files")), dispose: () => rm(folder, { recursive: true }) };
});
storageContract("simulated disk", async () => {
  const disk = new SimulatedStorageDisk();
  return { open: async () => disk.open(), dispose: async () => undefined };
});

// Kept in a variable, because the test runner rewrites a literal beside import.meta.url.
const ECHO_CHILD = "./echo-child.mjs";
processesContract("system", () => ({ processes: systemProcesses(), echoModule: new URL(ECHO_CHILD, import.meta.url), run: (work) => work }));

const LIMIT_BYTES = 64 * 1024 * 1024;
const SMALL_BYTES = 96 * 1024;

const sqliteBench = (limitBytes: number) => async () => {
  const folder = await temporaryFolder();
  return { limitBytes, open: () => openSqliteStore({ folder: join(folder, "journal"), limitBytes }), dispose: () => rm(folder, { recursive: true }) };
};
const simulatedBench = (limitBytes: number) => async () => {
  const disk = new SimulatedJournalDisk({ limitBytes });
  return { limitBytes, open: async () => disk.open(), dispose: async () => undefined };
};

journalStoreContract("sqlite", sqliteBench(LIMIT_BYTES));
journalStoreContract("simulated disk", simulatedBench(LIMIT_BYTES));
fullJournalStoreContract("sqlite", sqliteBench(SMALL_BYTES));
fullJournalStoreContract("simulated disk", simulatedBench(SMALL_BYTES));
