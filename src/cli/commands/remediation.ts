/**
 * `tocsin remediation`: the kill switch. A switch is a row that every guard reads before a runbook acts; the switch for all
 * runbooks and that of each one are independent, so switching one on does not undo another.
 */
import type { KillSwitch } from '../../remediate/port';
import type { ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { lazy } from '../lazy';
import { fromNow, tableOf, type Column } from '../show';
import { wordOf } from '../words';
import { ownerOf, withOperator } from './alerts';

const ALL = '*';

export interface SwitchOptions extends ConfigOption {
  readonly owner?: string;
  readonly comment?: string;
  readonly json?: boolean;
}

/** Switches all runbooks, or the one named, off or on; then shows how things stand. */
export async function switchRemediation(
  context: Context,
  to: 'off' | 'on',
  runbook: string | undefined,
  options: SwitchOptions,
): Promise<ExitCode> {
  const scope = runbook === undefined ? ALL : wordOf('runbook', runbook, runbookNames());
  const changedBy = ownerOf(context, options);
  const reason = options.comment ?? 'no comment';
  const switches = await withOperator(context, options, async ({ permits }) => {
    await permits.setSwitch({ scope, engaged: to === 'off', reason, changedBy });
    return permits.switches();
  });
  tell(context, switches, options);
  return EXIT.ok;
}

export async function remediationStatus(
  context: Context,
  options: ConfigOption & { readonly json?: boolean },
): Promise<ExitCode> {
  const switches = await withOperator(context, options, ({ permits }) => permits.switches());
  tell(context, switches, options);
  return EXIT.ok;
}

interface Standing {
  readonly scope: string;
  /** Whether a switch keeps it from acting: its own, or that for all. */
  readonly off: boolean;
  /** Its own switch, if it was ever set. */
  readonly own: KillSwitch | null;
}

/** All runbooks first, then each that there is, then those that were switched once and are gone. */
function standings(switches: readonly KillSwitch[]): Standing[] {
  const byScope = new Map(switches.map((one) => [one.scope, one]));
  const allOff = byScope.get(ALL)?.engaged === true;
  const scopes = new Set([ALL, ...runbookNames(), ...byScope.keys()]);
  return [...scopes].map((scope) => {
    const own = byScope.get(scope) ?? null;
    return { scope, off: allOff || own?.engaged === true, own };
  });
}

const runbookNames = (): string[] => lazy.runbooks().runbooks.map(({ name }) => name);

function tell(context: Context, switches: readonly KillSwitch[], { json }: { json?: boolean }): void {
  const all = standings(switches);
  context.print(
    json ? JSON.stringify(all.map(toJson), null, 2) : tableOf(context, columns(context.now()), all),
  );
}

function columns(now: number): Column<Standing>[] {
  return [
    { title: 'RUNBOOK', value: ({ scope }) => (scope === ALL ? 'all' : scope) },
    { title: 'SWITCH', value: switchText, style: ({ off }) => (off ? 'red' : 'green') },
    { title: 'BY', value: ({ own }) => own?.changedBy ?? '' },
    { title: 'SINCE', value: ({ own }) => (own === null ? '' : fromNow(now, own.changedAt)) },
    { title: 'COMMENT', value: ({ own }) => own?.reason ?? '', flexible: true },
  ];
}

function switchText({ off, own }: Standing): string {
  if (!off) return 'on';
  return own?.engaged === true ? 'off' : 'off, with all';
}

function toJson({ scope, off, own }: Standing): object {
  return {
    scope,
    off,
    switched_off: own?.engaged ?? false,
    changed_by: own?.changedBy ?? null,
    changed_at: own?.changedAt ?? null,
    comment: own?.reason ?? null,
  };
}
