/* Two processes never hold one journal, and a process that was killed leaves no lock behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { moduleBeside } from "../../../system/modules.ts";
import { openSqliteStore } from "./store.ts";

const HOLDER = fileURLToPath(moduleBeside(import.meta.url, "../../../../tools/replay/workloads/journal-holder"));
const LIMIT_BYTES = 64 * 1024 * 1024;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "yikatong-lock-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("refuses a journal that another process holds, and takes it when that process was killed", async () => {
  const holder = spawn(process.execPath, [HOLDER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  await expect(openSqliteStore({ folder, limitBytes: LIMIT_BYTES })).rejects.toMatchObject({ code: "store-in-use", effectUnknown: false });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const store = await openSqliteStore({ folder, limitBytes: LIMIT_BYTES });
  expect((await store.lastEntry())?.seq).toBe(1);
  expect(await store.integrity()).toEqual([]);
  await store.close();
});
