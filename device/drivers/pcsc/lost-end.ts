/*
 * The binding closes a reader that the service no longer lists, and says "end" when the thread that looks after it has left. Where that
 * thread is between two looks just then, it leaves without a word: no "end" comes, and a reader that returns under the same name would never
 * be watched again. Here the end is told in its place.
 */

/** What is needed of the binding's reader: its own code turns "_end" into "end" and forgets the name. */
interface ClosingReader {
  close(): unknown;
  once(event: "end", listener: () => void): unknown;
  emit(event: "_end"): boolean;
  removeAllListeners(event: "_end"): unknown;
}

/** Longer than the binding's own end takes to arrive, shorter than any plug. */
const END_MS = 50;

/** Makes every closing of the reader end with its "end". To be called before anything can have closed it. */
export function endWhenClosed(reader: ClosingReader): void {
  let told = false;
  const close = reader.close.bind(reader);
  reader.once("end", () => {
    told = true;
  });
  const tellEnd = () => {
    if (told) return;
    reader.emit("_end");
    // One that comes after all would be taken for the end of the reader that has come back.
    reader.removeAllListeners("_end");
  };
  reader.close = () => {
    const result = close();
    // An end that waits behind this timer is let through first.
    setTimeout(() => setImmediate(tellEnd), END_MS);
    return result;
  };
}
