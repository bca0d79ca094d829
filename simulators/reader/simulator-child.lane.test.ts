/* The simulator process worked by a person at a pipe: JSON lines in, JSON lines out, an end with its input. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const CHILD = fileURLToPath(new URL("./simulator-child.ts", import.meta.url));

interface Line {
  readonly ready?: boolean;
  readonly id?: unknown;
  readonly ok?: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

async function converse(lines: readonly string[]): Promise<{ readonly code: number | null; readonly answers: readonly Line[] }> {
  const child = spawn(process.execPath, [CHILD], { stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const code = await new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const text = Buffer.concat(chunks).toString("utf8").trim();
  return { code, answers: text.split("\n").map((line) => JSON.parse(line) as Line) };
}

describe("the simulator process at a pipe", () => {
  it("makes and inserts cards, tells their truth, refuses what it does not know, and ends with its input", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ykt-desk-"));
    const requests = [
      { id: 1, do: "open-reader", reader: "counter", socketPath: join(folder, "counter.sock"), slots: 1 },
      { id: 2, do: "make-card", name: "card", options: { balanceFen: 500, algorithm: "sm4" } },
      { id: 3, do: "insert", reader: "counter", name: "card" },
      { id: 4, do: "insert", reader: "counter", name: "card" },
      { id: 5, do: "top-up", name: "nobody", load: { amountFen: 1 } },
      { id: 6, do: "remove", reader: "counter" },
      { id: 7, do: "top-up", name: "card", load: { amountFen: 250 } },
      { id: 8, do: "truth", name: "card" },
      { id: 9, do: "dance" },
      { id: 10, do: "insert", reader: "elsewhere", name: "card" },
      { id: 11, do: "counts", reader: "counter", slot: 3 },
    ];
    const { code, answers } = await converse([...requests.map((request) => JSON.stringify(request)), "no json", "null"]);
    rmSync(folder, { recursive: true, force: true });
    expect(code).toBe(0);
    expect(answers[0]).toEqual({ ready: true });
    expect(answers.slice(1).map(({ id, ok }) => [id, ok])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
      [5, false],
      [6, true],
      [7, true],
      [8, true],
      [9, false],
      [10, false],
      [11, false],
      [null, false],
      [null, false],
    ]);
    expect(answers[8]?.result).toMatchObject({ balanceFen: 750, initialBalanceFen: 500, debits: [], loads: [{ amountFen: 250 }] });
  });
});
