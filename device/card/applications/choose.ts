/* Which of a card's applications a flow goes on with. */
import type { ApplicationKind, CardSurvey, FoundApplication } from "./types.ts";

export type Choice =
  | { readonly kind: "chosen"; readonly application: FoundApplication; readonly as: ApplicationKind; readonly isSelected: boolean }
  | { readonly kind: "refused"; readonly reason: "application-blocked" | "application-missing" };

/**
 * Chooses by what the flow needs, the most wanted kind first; among several of one kind the survey's order, which is the profile's, decides.
 * A blocked application is never chosen, and named only when there is nothing else.
 */
export function chooseApplication(survey: CardSurvey, need: readonly ApplicationKind[]): Choice {
  for (const kind of need) {
    const application = survey.applications.find(({ kinds, blocked }) => !blocked && kinds.includes(kind));
    if (application !== undefined) return { kind: "chosen", application, as: kind, isSelected: survey.selected === application.name };
  }
  const blocked = survey.applications.some((each) => each.blocked && each.kinds.some((kind) => need.includes(kind)));
  return { kind: "refused", reason: blocked ? "application-blocked" : "application-missing" };
}
