/** Who holds an alert back, in words. */
import { formatDuration } from '../domain/duration';
import { likenessText } from '../domain/fatigue';
import { labelsText } from '../domain/labels';
import type { Holder } from '../history/port';

export const holdersText = (by: readonly Holder[]): string => by.map(holderText).join('; ');

function holderText(holder: Holder): string {
  switch (holder.kind) {
    case 'silence': {
      const { id, createdBy, comment, endsAt } = holder;
      const whose = createdBy === undefined || createdBy === '' ? '' : ` of ${createdBy}`;
      const until = endsAt === undefined ? '' : ` until ${endsAt}`;
      return `silence ${id}${whose}${until}${comment === undefined || comment === '' ? '' : `: ${comment}`}`;
    }
    case 'alert': {
      const { fingerprint, labels, rule } = holder;
      return `alert ${fingerprint} ${labelsText(labels)} inhibits it${rule === null ? '' : ` by ${ruleText(rule)}`}`;
    }
    case 'maintenance': {
      const { name, createdBy, endsAt, comment } = holder;
      const until = endsAt === null ? ' until somebody ends it' : ` until ${endsAt}`;
      const whose = createdBy === '' ? '' : ` of ${createdBy}`;
      return `maintenance ${name}${whose}${until}${comment === '' ? '' : `: ${comment}`}`;
    }
    case 'person': {
      const { name, at, until, comment } = holder;
      const since = at === '' ? '' : ` since ${at}`;
      return `${name} has taken it${since}${until === null ? '' : ` until ${until}`}${comment === null || comment === '' ? '' : `: ${comment}`}`;
    }
    case 'incident':
      return `it belongs to incident ${holder.id} ${holder.name}`;
    case 'fatigue limit': {
      const { like, told, limit, windowMs, digestAt } = holder;
      return `the fatigue limit of ${limit} like ${likenessText(like)} in ${formatDuration(windowMs)}, of which ${told} were told; the digest leaves at ${digestAt}`;
    }
    case 'mute time interval':
      return `it is a time of ${JSON.stringify(holder.name)}, in which the route is muted`;
    case 'active time interval':
      return `it is no time of ${JSON.stringify(holder.name)}, in which alone the route is active`;
  }
}

/** People count from 1. */
const ruleText = ({ index, name }: { readonly index: number; readonly name: string }): string =>
  name === '' ? `inhibition rule ${index + 1}` : `inhibition rule ${JSON.stringify(name)}`;
