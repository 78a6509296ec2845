/** The part of the command line about incidents: `tocsin incidents`. */
import type { Command } from 'commander';
import type { Context } from './context';
import { lazy } from './lazy';
import { examples, type Into } from './program-words';

const OWNER = 'who does it; default: TOCSIN_OWNER, else the user';

export function addIncidents(program: Command, context: Context, into: Into): void {
  const incidents = program
    .command('incidents')
    .description('alerts of related services that are told as one, and who commands')
    .addHelpText(
      'after',
      examples('tocsin incidents', 'tocsin incidents show INC-7', 'tocsin incidents commander INC-7 ben'),
    );
  const list = incidents
    .command('list', { isDefault: true })
    .description('those that are open, the newest first')
    .option('--all', 'also those that are resolved')
    .option('--limit <count>', 'at most so many; default: 50')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin incidents list', 'tocsin incidents list --all --json'));
  into(list, (options: never) => lazy.incidents().listIncidents(context, options));
  const show = incidents
    .command('show')
    .description('one incident: its alerts, what has happened, who was told')
    .argument('<id>', 'INC-7, or 7')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin incidents show INC-7'));
  into(show, (id: string, options: never) => lazy.incidents().showIncident(context, id, options));
  const ack = incidents
    .command('ack')
    .description('take all of its alerts that are open, so that their escalations wait')
    .argument('<id>', 'INC-7, or 7')
    .option('--for <duration>', 'give them back after so long')
    .option('--owner <name>', OWNER)
    .option('--comment <text>', 'why')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin incidents ack INC-7 --for 30m'));
  into(ack, (id: string, options: never) => lazy.incidents().takeIncident(context, id, options));
  const commander = incidents
    .command('commander')
    .description('hand it over: the new commander is told, and those who know of the incident hear of it')
    .argument('<id>', 'INC-7, or 7')
    .argument('<person>', 'one of the configured people')
    .option('--owner <name>', OWNER)
    .option('--comment <text>', 'why')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin incidents commander INC-7 ben --comment "shift ends"'));
  into(commander, (id: string, person: string, options: never) =>
    lazy.incidents().commandIncident(context, id, person, options),
  );
  const resolve = incidents
    .command('resolve')
    .description('end it now; by itself it ends when its alerts are over. Alerts go on as they are')
    .argument('<id>', 'INC-7, or 7')
    .option('--owner <name>', OWNER)
    .option('--comment <text>', 'why')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin incidents resolve INC-7 --comment "rolled back"'));
  into(resolve, (id: string, options: never) => lazy.incidents().resolveIncident(context, id, options));
}
