/**
 * What a person did elsewhere is done here: the same Update to the alert's life as from the command line. It is for one episode: what
 * was clicked for an earlier one does nothing to this one.
 */
import { SILENCE_SECONDS } from '../../domain/callback';
import { isRefusal, TocsinError } from '../../domain/errors';
import type { AlertLists, AlertRow } from '../../history/port';
import type { PeoplesActions } from './port';

export type Action = 'acknowledge' | 'resolve' | 'silence';

export interface EpisodeRef {
  readonly fingerprint: string;
  readonly episode: number;
}

/** In words for people. `ignored`: there is nothing that it could be done to. */
export interface Acted {
  readonly outcome: 'done' | 'refused' | 'ignored';
  readonly text: string;
}

export interface ActsDeps {
  readonly lists: Pick<AlertLists, 'find'>;
  readonly actions: PeoplesActions;
}

export type Acts = (action: Action, of: EpisodeRef, owner: string, comment: string) => Promise<Acted>;

const MOST_OWNER = 200;

/** Throws TOC_DEPENDENCY_AWAY when nobody can answer now. */
export function createActs({ lists, actions }: ActsDeps): Acts {
  return async (action, { fingerprint, episode }, owner, comment) => {
    const row = await lists.find(fingerprint);
    if (row === null || row.fingerprint !== fingerprint)
      return { outcome: 'ignored', text: `there is no alert ${fingerprint}` };
    if (row.episode !== episode)
      return {
        outcome: 'ignored',
        text: `${nameOf(row)} has been over and fires anew: this was for the time before`,
      };
    if (row.state === 'RESOLVED') return { outcome: 'ignored', text: `${nameOf(row)} is over already` };
    try {
      const { message } = await perform(actions, action, row, personNamed(owner), comment);
      return { outcome: 'done', text: `${nameOf(row)}: ${message}` };
    } catch (error) {
      if (!isFinal(error)) throw error;
      return { outcome: 'refused', text: `${nameOf(row)}: ${error.message}` };
    }
  };
}

const isFinal = (error: unknown): error is TocsinError =>
  error instanceof TocsinError && (error.code === 'TOC_ILLEGAL_MOVE' || isRefusal(error));

export const nameOf = ({ labels, fingerprint }: Pick<AlertRow, 'labels' | 'fingerprint'>): string => {
  const where = labels['instance_id'] ?? labels['instance'];
  return `${labels['alertname'] ?? fingerprint}${where === undefined ? '' : ` on ${where}`}`;
};

function perform(
  actions: PeoplesActions,
  action: Action,
  row: AlertRow,
  owner: string,
  comment: string,
): ReturnType<PeoplesActions['acknowledge']> {
  switch (action) {
    case 'acknowledge':
      return actions.acknowledge(row, { owner, comment });
    case 'resolve':
      return actions.resolve(row, { owner, comment });
    case 'silence':
      return actions.silence(row, { owner, comment, duration_seconds: SILENCE_SECONDS });
  }
}

/** As lives take it: what people call themselves elsewhere may be anything. */
function personNamed(owner: string): string {
  const clean = owner.replace(/\p{Cc}+/gu, ' ').trim();
  return clean === '' ? 'somebody' : clean.slice(0, MOST_OWNER);
}
