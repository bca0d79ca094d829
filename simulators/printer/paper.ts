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

export class Paper {
  readonly #pieces: Printed[] = [];

  add(piece: Printed): void {
    this.#pieces.push(piece);
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
