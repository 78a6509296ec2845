/** `tocsin targets list`: what is watched, as configured. */
import type { TargetConfig } from '../../config/config';
import { redactUrl } from '../../observe/redact';
import { readConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { tableOf, type Column } from '../show';

const COLUMNS: readonly Column<TargetConfig>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'ENVIRONMENT', value: ({ environment }) => environment },
  { title: 'SHARD', value: ({ shard }) => shard },
  { title: 'REMEDIATION', value: ({ remediation }) => (remediation ? 'allowed' : 'never') },
  { title: 'ADDRESS', value: addressOf, flexible: true },
  { title: 'TAGS', value: ({ tags }) => tagsOf(tags), flexible: true },
];

export async function listTargets(
  context: Context,
  options: ConfigOption & { readonly json?: boolean },
): Promise<ExitCode> {
  const { targets } = readConfig(context, options);
  if (options.json) context.print(JSON.stringify(targets.map(toJson), null, 2));
  else if (targets.length === 0) context.print('No targets are configured.');
  else context.print(tableOf(context, COLUMNS, targets));
  return EXIT.ok;
}

function addressOf({ url }: TargetConfig): string {
  return url === null ? 'this machine' : redactUrl(url.reveal());
}

/** The environment has a column of its own. */
function tagsOf(tags: TargetConfig['tags']): string {
  const others = Object.entries(tags).filter(([name]) => name !== 'environment');
  return others.map(([name, value]) => `${name}=${value}`).join(' ');
}

function toJson(target: TargetConfig): object {
  const { name, type, environment, shard, tags, remediation, intervals } = target;
  return {
    name,
    type,
    environment,
    shard,
    address: addressOf(target),
    tags,
    remediation,
    intervals_ms: intervals,
  };
}
