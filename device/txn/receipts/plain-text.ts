/*
 * A slip as plain text, for a screen or a file, laid out as on paper: Chinese characters take two columns, amounts stand at the right margin,
 * and no line is wider than the paper. Spec: ESC/POS, commands in common use.
 */
import { encodeGbText } from "../../codec/text.ts";
import type { PrintLine } from "../../drivers/peripherals.ts";

interface Character {
  readonly text: string;
  readonly width: 1 | 2;
}

/** In place of what no printer has: as wide, and to be seen. */
const STRANGE: Character = { text: "？", width: 2 };
const WITHOUT_WIDTH = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]$/u;
const PRIVATE_USE = /\p{Co}/u;
const FEED_MAX = 20;
/** The printer has it full width. */
const YUAN_SIGN: Character = { text: "￥", width: 2 };

function characterOf(text: string): readonly Character[] {
  if (text === "\u00a5") return [YUAN_SIGN];
  if (text === "\t" || text === "\u00a0") return [{ text: " ", width: 1 }];
  if (WITHOUT_WIDTH.test(text)) return [];
  if ((text.codePointAt(0) ?? 0) < 0x7f) return [{ text, width: 1 }];
  const encoded = encodeGbText(text);
  return [encoded.ok && encoded.bytes.length === 2 && !PRIVATE_USE.test(text) ? { text, width: 2 } : STRANGE];
}

interface Line {
  readonly text: string;
  readonly width: number;
}

const EMPTY_LINE: Line = { text: "", width: 0 };

/** Text cut into lines of at most `columns`; line ends in it begin a new one. */
function wrapped(text: string, columns: number): readonly Line[] {
  return text.split(/\r?\n/).flatMap((part) => {
    const lines: Line[] = [];
    let line = EMPTY_LINE;
    for (const character of Array.from(part).flatMap(characterOf)) {
      if (line.width + character.width > columns) {
        lines.push(line);
        line = EMPTY_LINE;
      }
      line = { text: line.text + character.text, width: line.width + character.width };
    }
    return [...lines, line];
  });
}

const PADDING = { left: 0, center: 0.5, right: 1 } as const;

function aligned({ text, width }: Line, columns: number, align: keyof typeof PADDING): string {
  return `${" ".repeat(Math.floor((columns - width) * PADDING[align]))}${text}`;
}

/** Both sides on one line where they fit; otherwise the right one stands at its margin on a line of its own. */
function columnLines(left: string, right: string, columns: number): readonly string[] {
  const [leftLines, rightLines] = [wrapped(left, columns), wrapped(right, columns)];
  const [only, end] = [leftLines[0] ?? EMPTY_LINE, rightLines[0] ?? EMPTY_LINE];
  const space = columns - only.width - end.width;
  if (leftLines.length === 1 && rightLines.length === 1 && space >= 1) return [`${only.text}${" ".repeat(space)}${end.text}`];
  return [...leftLines.map(({ text }) => text), ...rightLines.map((line) => aligned(line, columns, "right"))];
}

function textOf(line: PrintLine, columns: number): readonly string[] {
  switch (line.kind) {
    case "text":
      return wrapped(line.text, columns).map((part) => aligned(part, columns, line.align ?? "left"));
    case "columns":
      return columnLines(line.left, line.right, columns);
    case "rule":
      return ["-".repeat(columns)];
    case "feed":
      return Array.from({ length: Math.min(Math.max(Math.trunc(line.lines), 0), FEED_MAX) }, () => "");
    case "code":
      return wrapped(line.text, columns).map(({ text }) => text);
    case "cut":
      return [];
  }
}

/** Lines of at most `columns` half-width characters; 2 columns at least, because a Chinese character is not cut in two. */
export function slipText(slip: readonly PrintLine[], columns: number): readonly string[] {
  return slip.flatMap((line) => textOf(line, Math.max(2, columns)));
}
