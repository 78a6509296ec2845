/** The part of the command line about what nobody is told of for a time: `tocsin maintenance`, `silences`. */
import type { Command } from 'commander';
import type { Context } from './context';
import { lazy } from './lazy';
import { examples, INSTANCE, type Into } from './program-words';

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addMuting(program: Command, context: Context, into: Into): void {
  addMaintenance(program, context, into);
}

function addMaintenance(program: Command, context: Context, into: Into): void {
  const maintenance = program
    .command('maintenance')
    .description('what is being worked on: nobody is told of its alerts, and no runbook acts on it')
    .addHelpText(
      'after',
      examples(
        'tocsin maintenance start move-db-1 --target prod-db-01 --for 2h --comment "moving disks"',
        'tocsin maintenance list',
        'tocsin maintenance end move-db-1',
      ),
    );
  const start = maintenance
    .command('start')
    .description('begin one, now or later, once or again and again')
    .argument('<name>', 'by which people and `tocsin why` call it')
    .option(
      '--target <name>',
      'a target, by its name; alerts have it as instance_id, or as instance; may be repeated',
      collect,
      [],
    )
    .option('--environment <name>', 'alerts have it as environment; may be repeated', collect, [])
    .option(
      '-m, --matcher <matcher>',
      'alerts with these labels; may be repeated, and then all have to hold',
      collect,
      [],
    )
    .option('--from <time>', `${FROM_ON}; default: now`)
    .option('--for <duration>', 'how long; default: until it is ended')
    .option('--until <time>', `${FROM_ON}, instead of --for`)
    .option(
      '--times <range>',
      'it recurs, and is in effect only then: 02:00-04:00; may be repeated',
      collect,
      [],
    )
    .option('--weekdays <range>', 'likewise: sunday, monday:friday; may be repeated', collect, [])
    .option('--days-of-month <range>', 'likewise: 1, 1:5, -1; may be repeated', collect, [])
    .option('--months <range>', 'likewise: december, 1:3; may be repeated', collect, [])
    .option('--time-zone <name>', 'whose clock these go by; default: UTC')
    .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
    .option('--comment <text>', 'why')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin maintenance start move-db-1 --target prod-db-01 --for 2h',
        'tocsin maintenance start release --environment staging',
        'tocsin maintenance start backup --target prod-db-01 --weekdays sunday --times 02:00-04:00 --time-zone Europe/Berlin',
      ),
    );
  into(start, (name: string, options: never) => lazy.maintenance().startMaintenance(context, name, options));
  const end = maintenance
    .command('end')
    .description('end one now: pages and repairs that waited for it go on')
    .argument('<name>', 'its name or id')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin maintenance end move-db-1'));
  into(end, (name: string, options: never) => lazy.maintenance().endMaintenance(context, name, options));
  const list = maintenance
    .command('list')
    .description('those in effect and to come, of the configuration too')
    .option('--all', 'also those that were over in the last five days')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin maintenance list', 'tocsin maintenance list --all --json'));
  into(list, (options: never) => lazy.maintenance().listMaintenance(context, options));
}

const FROM_ON = 'ISO 8601 with a zone, or so long from now as +2h';
