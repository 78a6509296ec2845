/**
 * Whom a step of an escalation tells: the people that it names and those who are on call in its schedules at that time, each
 * in the way that he wants for the urgency, beside the step's own receivers. Where all that finds nobody, as in a gap of a
 * schedule, those are told who are told of every alert: somebody has to be.
 */
import { isRefusal, messageOf } from '../domain/errors';
import { urgencyOf, type Urgency } from '../domain/severity';
import type { Asked, OnCall, Override, OverrideStore, Person, Recipient, Resolved, Schedule } from './port';
import { compileSchedule } from './schedule';

export interface OnCallOptions {
  readonly people: readonly Person[];
  readonly schedules: readonly Schedule[];
  readonly overrides: Pick<OverrideStore, 'between'>;
}

export function createOnCall({ people, schedules, overrides }: OnCallOptions): OnCall {
  const personNamed = new Map(people.map((person) => [person.name, person]));
  const scheduleNamed = new Map(schedules.map((schedule) => [schedule.name, schedule]));

  /** What Postgres refuses to answer would be refused the next time too. */
  async function overridesAt(schedule: string, at: number, notes: string[]): Promise<readonly Override[]> {
    try {
      return await overrides.between(schedule, at, at + 1);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      notes.push(`overrides of ${schedule} could not be read: ${messageOf(error)}`);
      return [];
    }
  }

  async function onDuty(name: string, at: number, notes: string[]): Promise<string | null> {
    const schedule = scheduleNamed.get(name);
    if (schedule === undefined) {
      notes.push(`there is no schedule ${name} any more`);
      return null;
    }
    const { person } = compileSchedule(schedule, await overridesAt(name, at, notes)).onDuty(at);
    if (person === null) notes.push(`nobody is on call in ${name}`);
    return person;
  }

  function contacts(name: string, urgency: Urgency, notes: string[]): Recipient[] {
    const person = personNamed.get(name);
    if (person === undefined) {
      notes.push(`${name} is not among the people any more`);
      return [];
    }
    return person.notify[urgency].map((contact) => ({ ...contact, person: name }));
  }

  return {
    async resolve(asked, at) {
      const notes: string[] = [];
      const found = new Set(asked.people);
      for (const name of asked.schedules) {
        const person = await onDuty(name, at.getTime(), notes);
        if (person !== null) found.add(person);
      }
      const urgency = asked.urgency ?? urgencyOf(asked.labels['severity']);
      const ways = [...found].map((name) => contacts(name, urgency, notes));
      return whole(asked, [...found], ways.flat(), notes);
    },
  };
}

function whole(
  { receivers, otherwise }: Pick<Asked, 'receivers' | 'otherwise'>,
  people: readonly string[],
  ways: readonly Recipient[],
  notes: readonly string[],
): Resolved {
  const person = people.length === 0 ? null : people.join(', ');
  const direct = (receiver: string): Recipient => ({ receiver, afterMs: 0, person });
  const recipients = onceEach([...ways, ...receivers.map(direct)]);
  if (recipients.length > 0) return { recipients, people, notes };
  const note = `nobody else can be told, so those are who are told of every alert: ${otherwise.join(', ') || 'none'}`;
  return { recipients: otherwise.map(direct), people, notes: [...notes, note] };
}

/** Somebody whose way leads to the same place hears of it there once, at the earliest. */
function onceEach(all: readonly Recipient[]): Recipient[] {
  const byReceiver = new Map<string, Recipient>();
  for (const one of all) {
    const other = byReceiver.get(one.receiver);
    byReceiver.set(one.receiver, other === undefined ? one : joined(other, one));
  }
  return [...byReceiver.values()];
}

function joined(a: Recipient, b: Recipient): Recipient {
  const names = [a.person, b.person].flatMap((person) => person?.split(', ') ?? []);
  return {
    receiver: a.receiver,
    afterMs: Math.min(a.afterMs, b.afterMs),
    person: [...new Set(names)].join(', ') || null,
  };
}
