/* What a migration keeps goes when the records in it would have gone. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SimulatedJournalDisk } from "../../../../simulators/disk/journal-store.ts";
import { SeededRandomness } from "../../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../../simulators/world/virtual-clock.ts";
import { SILENT } from "../../../base/log.ts";
import { keepJournal } from "../../../retention.ts";
import { openTestJournal } from "../testing.ts";
import { dropKept } from "./kept.ts";

const DAY_MS = 86_400_000;
/** 2026-10-13 17:33:20 in China. */
const NOW_MS = 1_791_884_000_000;

it("files kept by migrations go by the day in their names, and nothing else goes", () => {
  const folder = mkdtempSync(join(tmpdir(), "kept-"));
  try {
    const old = ["journal.schema-1.20260101-000000.sqlite", "journal.schema-1.20260101-000000.2.sqlite"];
    const stays = ["journal.schema-2.20261001-000000.sqlite", "journal.sqlite", "journal.migrating.sqlite", "journal.schema-x.20200101-000000.sqlite"];
    for (const name of [...old, ...stays]) writeFileSync(join(folder, name), "");
    expect([...dropKept(folder, NOW_MS - 40 * DAY_MS)].sort()).toEqual([...old].sort());
    expect(readdirSync(folder).sort()).toEqual([...stays].sort());
    expect(dropKept(join(folder, "nowhere"), NOW_MS)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("is asked for each round, by trusted time alone, as early as personal parts have to go", async () => {
  const clock = new VirtualClock(NOW_MS);
  const journal = await openTestJournal({ store: new SimulatedJournalDisk().open(), clock, randomness: new SeededRandomness("kept") });
  const asked: number[] = [];
  let trusted = false;
  const dropCopies = (beforeMs: number) => {
    asked.push(beforeMs);
    return [];
  };
  const settings = { keepDays: 40, erasePersonalDays: 20, everyMs: 1_000, dropCopies };
  const bounds = () => (trusted ? { earliestMs: NOW_MS, latestMs: NOW_MS } : undefined);
  const rounds = keepJournal({ clock, log: SILENT, journal, trust: { bounds }, settings, hasBank: false });
  rounds.start();
  await clock.resolve(clock.sleep(5_000));
  expect(asked).toEqual([]);
  trusted = true;
  await clock.resolve(clock.sleep(5_000));
  expect(new Set(asked)).toEqual(new Set([NOW_MS - 20 * DAY_MS]));
  await clock.resolve(rounds.stop());
});
