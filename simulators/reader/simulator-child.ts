/*
 * The simulators in a process of their own, beside pcscd. Requests come as messages of the parent process, or as JSON lines on
 * standard input: {"id": 1, "do": "insert", "reader": "counter", "name": "card-1"}. Answers: {"id": 1, "ok": true, "result": …} or
 * {"id": 1, "ok": false, "error": "…"}. It ends with its parent or with the end of its input.
 */
import { createInterface } from "node:readline";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type DeskRequest, SimulatorDesk } from "./desk.ts";
import { realClock } from "./real-clock.ts";

interface Numbered {
  readonly id: unknown;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function answer(desk: SimulatorDesk, request: unknown): Promise<unknown> {
  const id = (request as Partial<Numbered> | null)?.id ?? null;
  try {
    // The asker is a test or a person at this very machine; a request of another shape falls into the catch below.
    const result = await desk.handle(request as DeskRequest);
    return { id, ok: true, result: result ?? null };
  } catch (error) {
    return { id, ok: false, error: reason(error) };
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return { do: "unreadable" };
  }
}

function serveParent(desk: SimulatorDesk): void {
  // Requests are carried out one after the other, so that "insert" is done before what follows it.
  let order: Promise<void> = Promise.resolve();
  process.on("message", (request) => {
    order = order.then(async () => {
      const reply = await answer(desk, request);
      if (process.connected) process.send?.(reply);
    });
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.({ ready: true });
}

async function serveLines(desk: SimulatorDesk): Promise<void> {
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== "") process.stdout.write(`${JSON.stringify(await answer(desk, parseLine(line)))}\n`);
  }
  await desk.close();
}

const desk = new SimulatorDesk(openCipherSuite(), realClock());
if (process.send === undefined) await serveLines(desk);
else serveParent(desk);
