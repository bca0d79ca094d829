/* Server-sent events of an order or of the lanes: what was told since the reader's last number, then what is told as it happens, with a sign of life between. */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../base/ports.ts";
import type { EventLog } from "./event-log.ts";

/** A reader that takes nothing is let go; it comes back with its last number. */
const UNREAD_BYTES_MAX = 256 * 1024;

export const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
} as const;

/** What every stream tells of itself: earlier items are no longer kept, or were another start's. */
interface Told {
  readonly type: string;
}

/** Something that is told of until it is no longer under way. */
export interface ToldWork<Item extends Told> {
  readonly events: EventLog<Item>;
  readonly underWay: boolean;
}

export function frame(item: Told, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`;
}

export interface StreamOptions {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly lastId: string | undefined;
  readonly signal: AbortSignal;
}

/** Tells until the work is no longer under way, the reader goes, or `signal` ends. */
export async function tellEvents<Item extends Told>(response: ServerResponse, work: ToldWork<Item>, options: StreamOptions): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  let lastId = options.lastId;
  const flush = () => {
    if (over.signal.aborted) return;
    const { gap, items } = work.events.after(lastId);
    if (gap) response.write(frame({ type: "gap" }));
    for (const { id, item } of items) response.write(frame(item, id));
    lastId = items.at(-1)?.id ?? lastId;
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
    if (!work.underWay) end();
  };
  response.on("close", end);
  if (options.signal.aborted) end();
  options.signal.addEventListener("abort", end, { once: true });
  response.writeHead(200, STREAM_HEADERS);
  response.flushHeaders();
  const deaf = work.events.listen(flush);
  flush();
  await beat(response, options, over.signal);
  deaf();
  options.signal.removeEventListener("abort", end);
  response.end();
}

async function beat(response: ServerResponse, { clock, heartbeatMs }: StreamOptions, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const slept = await clock.sleep(heartbeatMs, over).then(
      () => true,
      () => false,
    );
    if (slept) response.write(": beat\n\n");
  }
}

/** Places for event streams, over all and for each client. */
export interface StreamPlaces {
  /** A place, given back by the returned function; undefined when there is none. */
  take(client: string): (() => void) | undefined;
}

export function createStreamPlaces(max: { readonly all: number; readonly perClient: number }): StreamPlaces {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(client) {
      const own = taken.get(client) ?? 0;
      if (all >= max.all || own >= max.perClient) return undefined;
      all += 1;
      taken.set(client, own + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        all -= 1;
        taken.set(client, (taken.get(client) ?? 1) - 1);
      };
    },
  };
}
