/** True when the program is found in PATH. */
export function hasProgram(name: string): boolean;

/** The packages of the list that dpkg does not know as installed. */
export function missingPackages(names: readonly string[]): readonly string[];

/** Makes the packages present. Returns undefined on success, else the reason in one line. */
export function ensurePackages(names: readonly string[], say: (line: string) => void): string | undefined;
