/*
 * A journal is opened by one machine at a time, and each opening has a higher number. A number that goes back is a copy that lives beside the
 * original, or a disk that was put back to an earlier state: either way a person has to look.
 */

const JOURNALS_MAX = 100_000;

export class CloneWatch {
  /** Highest number of each terminal's journal. */
  readonly #boots = new Map<string, number>();

  /** Whether a heartbeat's number is below one that was seen. */
  wentBack({ tid, journalId, boot }: { readonly tid: string; readonly journalId: string; readonly boot: number | undefined }): boolean {
    if (boot === undefined) return false;
    const of = `${tid}/${journalId}`;
    const highest = this.#boots.get(of) ?? 0;
    if (boot < highest) return true;
    if (this.#boots.size < JOURNALS_MAX || this.#boots.has(of)) this.#boots.set(of, boot);
    return false;
  }
}
