/**
 * Who commands incidents that open now: whoever is on call in the first of the policy's schedules that has somebody, else the
 * first of its people. He is told in all of his ways for what is urgent.
 */
import type { Asked, OnCall, Resolved } from '../oncall/port';
import type { Command, Commands } from './incidents';
import type { IncidentPolicy } from './port';

/** Throws when overrides cannot be read. */
export async function commandsOf(
  onCall: OnCall,
  policies: readonly IncidentPolicy[],
  at: Date,
): Promise<Commands> {
  const found = policies.map(async (policy) => [policy.name, await commandOf(onCall, policy, at)] as const);
  return new Map(await Promise.all(found));
}

async function commandOf(
  onCall: OnCall,
  { commander: { schedules, people } }: IncidentPolicy,
  at: Date,
): Promise<Command> {
  const gaps: string[] = [];
  for (const schedule of schedules) {
    const resolved = await onCall.resolve({ ...NOBODY, schedules: [schedule] }, at);
    if (resolved.people.length > 0) return led(resolved, gaps);
    gaps.push(`nobody is on call in ${schedule}`);
  }
  const [first] = people;
  if (first === undefined) return { commander: null, recipients: [], notes: gaps };
  return led(await onCall.resolve({ ...NOBODY, people: [first] }, at), gaps);
}

const NOBODY: Asked = {
  ...{ labels: {}, receivers: [], people: [], schedules: [], otherwise: [] },
  urgency: 'high',
};

const led = ({ people, recipients, notes }: Resolved, gaps: readonly string[]): Command => ({
  commander: people[0] ?? null,
  recipients: recipients.map(({ receiver, afterMs }) => ({ receiver, afterMs })),
  notes: [...gaps, ...notes],
});
