/** The part of the command line about what nobody is told of for a time: `tocsin maintenance`, `silences`. */
import type { Command } from 'commander';
import type { Context } from './context';
import { lazy } from './lazy';
import { examples, FINGERPRINT, INSTANCE, type Into } from './program-words';

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addMuting(program: Command, context: Context, into: Into): void {
  addMaintenance(program, context, into);
  addSilences(program, context, into);
}

const WHAT = `${FINGERPRINT}, or matchers such as alertname="Down"`;

function addSilences(program: Command, context: Context, into: Into): void {
  const silences = program
    .command('silences')
    .description("silences, which are Alertmanager's too, and what one would mute")
    .addHelpText(
      'after',
      examples(
        `tocsin silences preview 'alertname="Down"' 'host=~"db-.*"'`,
        `tocsin silences add 'service="orders"' --for 2h --comment "deploy"`,
        'tocsin silences add 7c3f --until-resolved',
      ),
    );
  const add = silences
    .command('add')
    .description('tell nobody of alerts with these labels for a while, or until those that are open are over')
    .argument('<alert...>', WHAT)
    .option('--for <duration>', 'how long')
    .option(
      '--until-resolved',
      'until the alerts that match now are over; those that come meanwhile are silenced too',
    )
    .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
    .option('--comment <text>', 'why')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin silences add 7c3f --until-resolved --comment "known, fix is on its way"'),
    );
  into(add, (words: readonly string[], options: never) =>
    lazy.silences().addSilence(context, words, options),
  );
  const list = silences
    .command('list')
    .description('those in effect and to come')
    .option('--all', 'also those that are over and still shown')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin silences list'));
  into(list, (options: never) => lazy.silences().listSilences(context, options));
  const expire = silences
    .command('expire')
    .description('end some now')
    .argument('<id...>')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin silences expire 2f1c0b1e-6d7a-4c52-9f3e-0b6f6f0f9f11'));
  into(expire, (ids: readonly string[], options: never) =>
    lazy.silences().expireSilences(context, ids, options),
  );
  const preview = silences
    .command('preview')
    .description('what a silence would mute now, and what it would have muted in the last 7 days; makes none')
    .argument('<alert...>', WHAT)
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples(`tocsin silences preview 'team="dba"' 'severity!="critical"'`));
  into(preview, (words: readonly string[], options: never) =>
    lazy.silences().previewSilence(context, words, options),
  );
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
