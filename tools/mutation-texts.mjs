/*
 * Goal: the mutation score speaks of behaviour. The words of an assertion or a fault are for people: changing them changes nothing that
 * a program may rely on (its code does). Everything else is mutated.
 */
const WORDS_BY_CALL = new Map([
  ["assert", 1],
  ["Fault", 1],
  // Makers of faults in one file, which take nothing but the words.
  ["wrongInput", 0],
  ["malformed", 0],
]);

/** A reason for the text argument of `assert(condition, text)`, `new Fault(code, text, …)` and the like. */
function shouldIgnore(path) {
  const call = path.parent;
  if (call?.type !== "CallExpression" && call?.type !== "NewExpression") return undefined;
  const at = WORDS_BY_CALL.get(call.callee?.name);
  return at !== undefined && call.arguments[at] === path.node ? "words for people" : undefined;
}

export const strykerPlugins = [{ kind: "Ignore", name: "words-for-people", value: { shouldIgnore } }];
