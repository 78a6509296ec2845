/** The part of the command line about who is told of what: `tocsin why`, `routes`, `config`. */
import type { Command } from 'commander';
import type { Context } from './context';
import { lazy } from './lazy';
import { examples, FEATURE, FINGERPRINT, INSTANCE, type Into } from './program-words';

export function addRouting(program: Command, context: Context, into: Into): void {
  const why = program
    .command('why')
    .description('why people were told of an alert, or were not: what decided, when, and what comes next')
    .argument('<alert...>', `${FINGERPRINT}, or matchers such as alertname="Down"`)
    .option('--instance <name>', INSTANCE)
    .option('--alertmanager-config <file>', 'route by this file; default: as the running process does')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin why 7c3f', `tocsin why 'alertname="Down"' 'host=~"db-.*"'`, 'tocsin why 7c3f --json'),
    );
  into(why, (words: readonly string[], options: never) => lazy.why().why(context, words, options));

  const routes = program
    .command('routes')
    .description('the routes of an alertmanager.yml')
    .addHelpText(
      'after',
      examples(
        'tocsin routes show alertmanager.yml',
        'tocsin routes test alertmanager.yml severity=critical',
      ),
    );
  const show = routes
    .command('show')
    .description('the tree of routes: matchers, receivers, and what each changes of what it inherits')
    .argument('<file>', 'alertmanager.yml, or the tocsin.yaml that names it')
    .option('--enable-feature <name>', FEATURE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin routes show alertmanager.yml'));
  into(show, (file: string, options: never) => lazy.routes().showRoutes(context, file, options));
  const test = routes
    .command('test')
    .description('where an alert with these labels would go')
    .argument('<file>', 'alertmanager.yml, or the tocsin.yaml that names it')
    .argument('[label...]', 'NAME=VALUE')
    .option('--verify-receivers <names>', 'separated by commas; others, or in another order, end with 1')
    .option('--enable-feature <name>', FEATURE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin routes test alertmanager.yml severity=critical service=orders',
        'tocsin routes test alertmanager.yml --verify-receivers dba,log severity=critical',
      ),
    );
  into(test, (file: string, labels: readonly string[], options: never) =>
    lazy.routes().testRoutes(context, file, labels, options),
  );

  const receivers = program
    .command('receivers')
    .description('who can be told, and what they could not be told')
    .addHelpText(
      'after',
      examples(
        'tocsin receivers test',
        'tocsin receivers dead --since 24h',
        'tocsin receivers resend --receiver oncall',
      ),
    );
  const tests = receivers
    .command('test')
    .description(
      'sends a message that is marked as a test, and its end, and says what each receiver answered',
    )
    .argument('[name...]', 'receivers of tocsin.yaml and of the alertmanager.yml that it names; default: all')
    .option('--alertmanager-config <file>', 'those of this file instead, as `tocsin serve` reads it')
    .option('--owner <name>', 'who asks; it stands in the message. Default: TOCSIN_OWNER, else the user')
    .option('--enable-feature <name>', FEATURE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin receivers test',
        'tocsin receivers test oncall --json',
        'tocsin receivers test --alertmanager-config alertmanager.yml',
      ),
    );
  into(tests, (names: readonly string[], options: never) =>
    lazy.receivers().testReceivers(context, names, options),
  );
  addDeadLetters(receivers, context, into);

  const drills = program
    .command('drills')
    .description('messages that test receivers regularly: when each comes next, and whether the last arrived')
    .addHelpText('after', examples('tocsin drills', 'tocsin drills run monthly'));
  const list = drills
    .command('list', { isDefault: true })
    .description('when each comes next, and whether the last arrived')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin drills list --json'));
  into(list, (options: never) => lazy.drills().listDrills(context, options));
  const once = drills
    .command('run')
    .description('does a drill now, by the roles that run, and says what came of it')
    .argument('<name>', 'of the drill')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin drills run monthly'));
  into(once, (name: string, options: never) => lazy.drills().runDrill(context, name, options));

  const diff = program
    .command('config')
    .description('what a configuration would change')
    .addHelpText('after', examples('tocsin config diff alertmanager.yml new.yml'))
    .command('diff')
    .description(
      'what another alertmanager.yml would do to the open alerts: receivers, groups, inhibition, times',
    )
    .argument('<old>', 'alertmanager.yml, or the tocsin.yaml that names it')
    .argument('<new>', 'the other one')
    .option('--instance <name>', INSTANCE)
    .option('--alerts <file>', 'alerts as /api/v2/alerts lists them, instead of those that are open')
    .option('--at <time>', 'the moment for time intervals; default: now')
    .option('--limit <count>', 'list at most so many alerts', '100')
    .option('--enable-feature <name>', FEATURE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin config diff alertmanager.yml new.yml',
        'tocsin config diff alertmanager.yml new.yml --alerts alerts.json --at 2026-11-22T03:00:00Z',
      ),
    );
  into(diff, (before: string, after: string, options: never) =>
    lazy.configDiff().configDiff(context, before, after, options),
  );
}

const RECEIVER =
  'messages to this receiver; for an alertmanager.yml also one integration, such as ops/webhook/0';
const SINCE = 'given up since then: 24h, or 2026-11-21T10:00:00Z';

function addDeadLetters(receivers: Command, context: Context, into: Into): void {
  const dead = receivers
    .command('dead')
    .description('messages that were given up: refused for good, or tried in vain until the last try')
    .option('--receiver <name>', RECEIVER)
    .option('--since <time>', SINCE)
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin receivers dead', 'tocsin receivers dead --receiver oncall --since 24h --json'),
    );
  into(dead, (options: never) => lazy.receivers().deadLetters(context, options));
  const resend = receivers
    .command('resend')
    .description(
      'sends messages again that were given up, where their alerts are still open; of a group, has it looked at now',
    )
    .argument('[id...]', 'as `tocsin receivers dead` shows them')
    .option('--receiver <name>', `all ${RECEIVER}`)
    .option('--all', 'all that were given up')
    .option('--since <time>', `only with --receiver or --all: ${SINCE}`)
    .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin receivers resend 1042 g17', 'tocsin receivers resend --receiver oncall --since 6h'),
    );
  into(resend, (ids: readonly string[], options: never) =>
    lazy.receivers().resendDeadLetters(context, ids, options),
  );
}
