/* Settings that a person wrote against those that a probe knows: how an answer is laid over them, and what of them is no family's default. */

type Section = Readonly<Record<string, unknown>>;

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `before` with every member that `said` names as it says; members that it does not name stay. */
export function overlay<Before extends Section>(before: Before, said: Section): Before {
  const laid = Object.entries(said).map(([member, value]) => {
    const held = before[member];
    return [member, isSection(value) && isSection(held) ? overlay(held, value) : value] as const;
  });
  // Members change their values, and none goes.
  return { ...before, ...Object.fromEntries(laid) };
}

/** Whether every member that `said` names stands there with the same value. */
export function agrees(before: unknown, said: unknown): boolean {
  if (!isSection(said) || !isSection(before)) return JSON.stringify(before) === JSON.stringify(said);
  return Object.entries(said).every(([member, value]) => agrees(before[member], value));
}

/** The members of `settings` that `fallback` does not have, or has otherwise. */
export function beyond(settings: Section, fallback: unknown): Section {
  const usual = isSection(fallback) ? fallback : {};
  const own = Object.entries(settings).flatMap(([member, value]) => {
    if (agrees(value, usual[member]) && agrees(usual[member], value)) return [];
    return [[member, isSection(value) && isSection(usual[member]) ? beyond(value, usual[member]) : value] as const];
  });
  return Object.fromEntries(own);
}
