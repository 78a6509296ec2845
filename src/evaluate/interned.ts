/**
 * What tells series from others, once for all series that have it: each message brings texts and tags of its own, and an
 * instance's series have mostly the same.
 */
import type { Labels } from '../domain/labels';
import type { MetricId } from './saved-series';

interface Instance {
  readonly id: string;
  /** Few; those that differ with each series are not kept for others. */
  readonly tags: Labels[];
}

const MANY_TAGS = 4;

export class Interned {
  private readonly instances = new Map<string, Instance>();
  private readonly texts = new Map<string, string>();
  private readonly names = new Map<string, readonly string[]>();

  /** Equal to the metric's, and the same as that of others before. */
  idOf({ metric_name, instance_id, database_type, tags }: MetricId): MetricId {
    let instance = this.instances.get(instance_id);
    if (instance === undefined) this.instances.set(instance_id, (instance = { id: instance_id, tags: [] }));
    return {
      ...{ metric_name: this.textOf(metric_name), instance_id: instance.id },
      ...{ database_type: this.textOf(database_type), tags: this.tagsOf(instance, tags) },
    };
  }

  /** Of a label set. */
  namesOf(names: readonly string[]): readonly string[] {
    const key = names.map((name) => `${name.length}:${name}`).join('');
    const known = this.names.get(key);
    if (known === undefined) this.names.set(key, names);
    return known ?? names;
  }

  /** Nothing is shared with what came before. */
  clear(): void {
    this.instances.clear();
    this.texts.clear();
    this.names.clear();
  }

  private tagsOf(instance: Instance, tags: Labels): Labels {
    const known = instance.tags.find((each) => isSame(each, tags));
    if (known !== undefined) return known;
    const own = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, this.textOf(value)]));
    if (instance.tags.length < MANY_TAGS) instance.tags.push(own);
    return own;
  }

  private textOf(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, text);
    return known ?? text;
  }
}

function isSame(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
