/* Server-sent events as they come off the wire: bytes in, events out, whatever the pieces in which they arrive. */

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** Longest event that is taken; one beyond it is no event of ours. */
const EVENT_CHARACTERS_MAX = 1_000_000;

/** Splits text into events; what is not complete waits for more. */
export class EventReader {
  #rest = "";

  push(text: string): readonly ServerSentEvent[] {
    const frames = `${this.#rest}${text}`.split("\n\n");
    this.#rest = frames.pop() ?? "";
    if (this.#rest.length > EVENT_CHARACTERS_MAX) throw new Error("an event without an end");
    return frames.flatMap(eventOf);
  }
}

/** Comments, which are signs of life, give none. */
function eventOf(frame: string): readonly ServerSentEvent[] {
  const lines = frame.split("\n");
  const valuesOf = (name: string) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  const data = valuesOf("data");
  return data.length === 0 ? [] : [{ id: valuesOf("id").at(-1), data: data.join("\n") }];
}
