/* The paper of a simulated printer: what stands on it, line by line, as somebody reads it who tears it off. */

export interface PrintedText {
  readonly kind: "text";
  readonly text: string;
  readonly align: "left" | "center" | "right";
  readonly bold: boolean;
  readonly scale: 1 | 2;
}

export type Printed =
  | PrintedText
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "cut"; readonly how: "full" | "part" };

/** Longer than a roll: what was printed before has fallen into the basket. */
const PIECES_MAX = 20_000;

export class Paper {
  readonly #pieces: Printed[] = [];

  add(piece: Printed): void {
    this.#pieces.push(piece);
    if (this.#pieces.length > PIECES_MAX) this.#pieces.splice(0, PIECES_MAX / 2);
  }

  /** Somebody tears off what has been printed. */
  tearOff(): void {
    this.#pieces.length = 0;
  }

  /** Everything so far, in order. */
  get pieces(): readonly Printed[] {
    return this.#pieces;
  }

  /** What can be read: texts as they stand, codes as what a scanner makes of them, cuts as a line of their own. */
  get lines(): readonly string[] {
    return this.#pieces.flatMap((piece) => {
      if (piece.kind === "text") return [piece.text];
      if (piece.kind === "code") return [`[code ${piece.text}]`];
      return piece.kind === "cut" ? ["[cut]"] : [];
    });
  }
}
