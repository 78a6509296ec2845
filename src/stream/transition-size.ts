/**
 * Makes transitions that readers take. What people are told beside the alert is cut first, visibly; what the alert is, never:
 * labels and the rule.
 */
import type { Labels } from '../domain/labels';
import type { Transition } from '../domain/transition';

/** A compressed batch may bring larger ones than Kafka's limit of a record, and Temporal refuses a start with 2 MB. */
export const MAX_TRANSITION_BYTES = 524_288;

const CUT = '… (cut)';
const ALL_CUT: Labels = { cut: 'the annotations are too long' };

type Step = (transition: Transition) => Transition;

/** In this order, until it fits. Without its condition an alert is told, and no repair of it can be verified. */
const STEPS: readonly Step[] = [
  ...[65_536, 16_384, 4_096, 1_024, 256].map(annotationsTo),
  (transition) => ({ ...transition, recent: [] }),
  (transition) => ({ ...transition, annotations: ALL_CUT }),
  ({ condition: _, ...transition }) => transition,
];

/** A transition with its JSON. */
export interface Written {
  readonly transition: Transition;
  readonly bytes: Buffer;
}

export const written = (transition: Transition): Written => ({
  transition,
  bytes: Buffer.from(JSON.stringify(transition)),
});

/** The transition in at most so many bytes of JSON, where leaving texts out makes it that short; else as short as that makes it. */
export function shortened(transition: Transition, maxBytes: number): Written {
  let fitting = written(transition);
  for (const step of STEPS) {
    if (fitting.bytes.length <= maxBytes) break;
    fitting = written(step(fitting.transition));
  }
  return fitting;
}

function annotationsTo(length: number): Step {
  const cut = (text: string): string =>
    text.length <= length ? text : `${text.slice(0, length - CUT.length).toWellFormed()}${CUT}`;
  return ({ annotations, ...transition }) => ({
    ...transition,
    annotations: Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, cut(text)])),
  });
}
