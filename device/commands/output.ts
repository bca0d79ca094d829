/* How commands speak: results on standard output, what people should know beside them on standard error. */

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
