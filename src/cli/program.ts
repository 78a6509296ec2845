/**
 * The command line: which commands there are, their options and their help. What a command does is in `commands/`, read
 * when it is run.
 */
import { Command, CommanderError, Option } from 'commander';
import type { ActionName } from './commands/alerts';
import { DATA_FOLDER, type Context } from './context';
import { EXIT, exitCodeOf, failureText, HOW_TO_NAME_RULES, type ExitCode } from './failures';
import { lazy } from './lazy';
import { addIncidents } from './incidents-program';
import { addMuting } from './muting-program';
import { ROLES } from './port';
import { examples, FEATURE, FINGERPRINT, INSTANCE, type Into, type Run } from './program-words';
import { addRouting } from './routing-program';

/** Runs the command line `args` (without node and script) and answers the exit code. */
export async function runCli(args: readonly string[], context: Context): Promise<ExitCode> {
  const state: State = { code: EXIT.ok, command: 'tocsin' };
  try {
    await createProgram(context, state).parseAsync([...args], { from: 'user' });
    return state.code;
  } catch (error) {
    // commander has written its own message, and calls the help that was asked for an error too
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    context.complain(failureText(state.command, error));
    return exitCodeOf(error);
  }
}

interface State {
  code: ExitCode;
  /** For error messages: `tocsin alerts ack`. */
  command: string;
}

function createProgram(context: Context, state: State): Command {
  const program = new Command('tocsin')
    .description(
      'Watches databases and services, and carries every alert from the first bad sample to the verified fix.',
    )
    .option('-c, --config <file>', 'the configuration; default: TOCSIN_CONFIG, else ./tocsin.yaml')
    .version(lazy.version(), '-V, --version')
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'help for a command')
    .addHelpText(
      'after',
      examples('tocsin dev', 'tocsin check', 'tocsin alerts list', 'tocsin alerts ack 7c3f --for 30m') +
        EXIT_CODES,
    );

  const into = (command: Command, run: Run): void => {
    command.action(async (...args: unknown[]) => {
      state.command = nameOf(command);
      // commander hands over the arguments, the options and the command
      const values = args.slice(0, -2);
      state.code = await run(...([...values, command.optsWithGlobals()] as never[]));
    });
  };
  addRunning(program, context, into);
  addChecking(program, context, into);
  addAlerts(
    program.command('alerts').description('what fires, its story, and what people do about it'),
    context,
    into,
  );
  addOnCall(program, context, into);
  addRemediation(program, context, into);
  addIncidents(program, context, into);
  addMuting(program, context, into);
  addRouting(program, context, into);
  addLists(program, context, into);
  forEachCommand(program, (command) => {
    command.showHelpAfterError(`See \`${nameOf(command)} --help\`.`);
    command.exitOverride().configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      writeErr: (text) => context.complain(refusalText(command, text)),
      getOutHelpWidth: () => context.width ?? 100,
      getErrHelpWidth: () => context.width ?? 100,
    });
  });
  return program;
}

/** commander's words. Too many arguments are mostly what a shell has made of a pattern. */
function refusalText(command: Command, text: string): string {
  const refusal = text.trimEnd().replace(/^error: /, `${nameOf(command)}: `);
  const takesRules = command.options.some(({ long }) => long === '--rules');
  if (!takesRules || !refusal.includes('too many arguments')) return refusal;
  return `${refusal} To name rule files, ${HOW_TO_NAME_RULES}.`;
}

function addRunning(program: Command, context: Context, into: Into): void {
  const dev = program
    .command('dev')
    .description('run everything on this machine: servers, all roles, the notification service')
    .option('--data <folder>', "where the servers' data are kept between runs", DATA_FOLDER)
    .addHelpText('after', examples('tocsin dev', 'tocsin dev --config examples/tocsin.yaml'));
  into(dev, (options: never) => lazy.run().dev(context, options));

  const start = program
    .command('start')
    .description('run one or more roles until SIGTERM')
    .argument('<role...>', `${ROLES.join(', ')}, or all`)
    .addHelpText(
      'after',
      examples(
        'tocsin start collector evaluator',
        'tocsin start dispatcher --config /etc/tocsin.yaml',
        'tocsin start all',
      ) +
        `
Roles:
  collector             reads the targets and publishes metrics
  evaluator             metrics → transitions, by the rules
  dispatcher            transitions → pages and lives; works on the lives
  effects               enriches, remediates, notifies
  callbacks             takes what comes back from PagerDuty, Slack and telephones
  notification-service  takes messages over HTTP and mails them
`,
    );
  into(start, (roles: readonly string[], options: never) => lazy.run().start(context, roles, options));

  const serve = program
    .command('serve')
    .description('stand in for Alertmanager: its configuration, its API, on servers that run, until SIGTERM')
    .requiredOption('--alertmanager-config <file>', 'alertmanager.yml, as it is')
    .option('--listen <host:port>', 'where the API is', '127.0.0.1:9093')
    .option(
      '--instance <name>',
      'processes of one name share the work; others, `tocsin start` among them, share the servers alone',
      'alertmanager',
    )
    .option('--route-prefix <path>', 'stands before every path of the API', '')
    .option('--external-url <url>', 'where people reach it: it stands in links')
    .option('--web.config.file <file>', "TLS and users, in the form that Prometheus' programs share")
    .option('--web.cors.origin <regex>', 'web pages of these origins may use the API')
    .option('--enable-feature <name>', 'the way of reading matchers: classic-mode or utf8-strict-mode')
    .option('--dispatch-start-delay <duration>', 'how long groups wait after the start', '0s')
    .option(
      '--storm-summary <receiver>',
      'hears in one message what fires while a hundred messages to one integration wait',
    )
    .addHelpText(
      'after',
      examples(
        'tocsin serve --alertmanager-config alertmanager.yml',
        'tocsin serve --alertmanager-config alertmanager.yml --listen 127.0.0.1:9093 --instance blue',
      ) +
        `
Servers: TOCSIN_KAFKA, TOCSIN_TEMPORAL and TOCSIN_POSTGRES, or those of a file that --config names.
`,
    );
  into(serve, (options: never) => lazy.serve().serve(context, options));

  const demo = program
    .command('demo')
    .description('break a real database, and watch Tocsin notice, explain, repair, tell and escalate')
    .option('--data <folder>', "where the servers' data are kept between runs", DATA_FOLDER)
    .option('--keep', 'leave everything running at the end, until Ctrl-C')
    .addHelpText('after', examples('tocsin demo', 'tocsin demo --keep'));
  into(demo, (options: never) => lazy.run().demo(context, options));
}

function addChecking(program: Command, context: Context, into: Into): void {
  const check = program
    .command('check')
    .description("validate a configuration, Tocsin's own or Alertmanager's; starts nothing")
    .argument('[file]', 'default: as --config')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin check',
        'tocsin check examples/tocsin.yaml',
        "tocsin check --json | jq '.problems[].path'",
      ),
    );
  into(check, (file: string | undefined, options: never) => lazy.check().check(context, file, options));
  const checkOne = check
    .command('config')
    .description('the same, for a file that is named: tocsin.yaml or alertmanager.yml, whichever it is')
    .argument('<file>')
    .option(
      '--enable-feature <name>',
      "Alertmanager's way of reading matchers: classic-mode or utf8-strict-mode",
    )
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin check config alertmanager.yml',
        'tocsin check config --enable-feature utf8-strict-mode alertmanager.yml',
        'tocsin check config tocsin.yaml',
      ),
    );
  into(checkOne, (file: string, options: never) => lazy.check().check(context, file, options));
  const checkRules = check
    .command('rules')
    .description("validate rule files, short forms and Prometheus' own, and say what is suspicious in them")
    .argument('<file...>', 'files or patterns')
    .option('--strict', 'a warning is an error')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin check rules rules/*.yml',
        "tocsin check rules --json rules.yml | jq '.problems[].message'",
      ),
    );
  into(checkRules, (files: readonly string[], options: never) =>
    lazy.checkRules().checkRules(context, files, options),
  );

  const test = program
    .command('test')
    .description('test rules and routes before they page anyone')
    .addHelpText('after', examples('tocsin test rules tests/*.yml', 'tocsin test config routes-test.yml'));
  const testRules = test
    .command('rules')
    .description("run files of Prometheus' rule tests, of rules in either form")
    .argument('<file...>', 'files or patterns')
    .option('--run <pattern>', 'only tests whose name matches; may be repeated', collect, [])
    .option('--coverage', 'say which rules no test made fire, or yield anything')
    .option('--junit <file>', 'write the results for a CI server')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin test rules tests/*.yml',
        'tocsin test rules --run Disk --coverage tests/disk.yml',
        'tocsin test rules --junit results.xml tests/*.yml',
      ),
    );
  into(testRules, (files: readonly string[], options: never) =>
    lazy.testRules().testRules(context, files, options),
  );
  const testConfig = test
    .command('config')
    .description('run tests of an alertmanager.yml: who is told at a moment, who is not, and by what')
    .argument('<file...>', 'files or patterns')
    .option('--run <pattern>', 'only tests whose name matches; may be repeated', collect, [])
    .option('--enable-feature <name>', FEATURE)
    .option('--junit <file>', 'write the results for a CI server')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin test config routes-test.yml', 'tocsin test config --junit results.xml tests/*.yml'),
    );
  into(testConfig, (files: readonly string[], options: never) =>
    lazy.testConfig().testConfig(context, files, options),
  );

  const backtest = program
    .command('backtest')
    .description(
      'what rules would have fired for, over metrics that Kafka still holds or those of a file, or how two rule sets differ',
    )
    .argument(
      '[file]',
      'metrics as JSON lines; - for standard input. Default: the metric topics of the configured Kafka',
    )
    .option(
      '--rules <file>',
      "rule files or patterns, or the word configured; may be repeated; default: the configuration's",
      collect,
      [],
    )
    .option('--against <file>', 'compare with these, named likewise; may be repeated', collect, [])
    .option(
      '--interval <duration>',
      "between evaluations, where a group names none; default: the configuration's, of a file without one 1m",
    )
    .option(
      '--from <time>',
      'tell alerts that begin from then on; ISO 8601, or how long ago; default: 24h before --to, of a file its beginning',
    )
    .option('--to <time>', 'read no further; ISO 8601, or how long ago; default: now, of a file its end')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin backtest',
        'tocsin backtest --rules new.yml --from 6h',
        'tocsin backtest --rules new.yml --against configured --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z',
        'tocsin backtest metrics.jsonl --rules new.yml --against old.yml',
        'tocsin generate --for 1h | tocsin backtest - --rules rules.yml --json',
      ),
    );
  into(backtest, (file: string | undefined, options: never) =>
    lazy.backtest().backtest(context, file, options),
  );

  const query = program
    .command('query')
    .description('evaluate a PromQL expression now, over what the running evaluators keep')
    .argument('<expression>', 'PromQL')
    .option('--time <time>', 'evaluate as of then: ISO 8601, or how long ago; default: now')
    .option('--timeout <duration>', 'how long an evaluator may take to answer', '5s')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        "tocsin query 'connections_used_percent > 80'",
        "tocsin query 'sum by (environment) (rate(errors_total[5m]))'",
        `tocsin query 'ALERTS{alertstate="firing"}' --json`,
      ) +
        `
Evaluators keep what some rule asks for, and for as long as rules look back. Where that is not all that the expression
looks at, or an evaluator does not answer, the answer says so and ends with 1.
`,
    );
  into(query, (expression: string, options: never) => lazy.query().query(context, expression, options));

  const version = program
    .command('version')
    .description("Tocsin's version and that of Node")
    .option('--json', 'for programs');
  into(version, ({ json }: { json?: boolean }) => {
    const versions = { tocsin: lazy.version(), node: process.version };
    context.print(json ? JSON.stringify(versions) : `tocsin ${versions.tocsin} (Node ${versions.node})`);
    return EXIT.ok;
  });
}

function addAlerts(alerts: Command, context: Context, into: Into): void {
  alerts.addHelpText(
    'after',
    examples('tocsin alerts list', 'tocsin alerts show 7c3f', 'tocsin alerts silence 7c3f --for 2h'),
  );

  const list = alerts
    .command('list')
    .description('the alerts, newest first')
    .option('--state <state>', 'open, firing, acknowledged, silenced, resolved, all', 'open')
    .option('--severity <word>', 'critical, high, warning, medium, low, info, or what a rule gives')
    .option(
      '-m, --matcher <matcher>',
      'such as service="orders" or instance_id=~"db-.*"; may be repeated',
      collect,
      [],
    )
    .option('--limit <count>', 'at most so many', '100')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin alerts list',
        'tocsin alerts list --state all --severity critical',
        `tocsin alerts list -m 'team="payments"' --json`,
      ),
    );
  into(list, (options: never) => lazy.alerts().listAlerts(context, options));

  const show = alerts
    .command('show')
    .description('the story of one alert')
    .argument('<fingerprint>', FINGERPRINT)
    .option('--all', 'all episodes instead of the last')
    .option('--instance <name>', INSTANCE)
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin alerts show 7c3f', 'tocsin alerts show 7c3f --all --json'));
  into(show, (fingerprint: string, options: never) =>
    lazy.showAlert().showAlert(context, fingerprint, options),
  );

  const act = (name: ActionName, description: string, more: readonly Option[], ...lines: string[]): void => {
    const command = alerts
      .command(name)
      .description(description)
      .argument('<fingerprint...>', FINGERPRINT)
      .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
      .option('--comment <text>', 'why')
      .option('--instance <name>', INSTANCE)
      .option('--json', 'for programs')
      .addHelpText('after', examples(...lines));
    more.forEach((option) => command.addOption(option));
    into(command, (fingerprints: readonly string[], options: never) =>
      lazy.alerts().act(context, name, fingerprints, options),
    );
  };
  act(
    'ack',
    'take an alert: escalation waits while you hold it',
    [new Option('--for <duration>', "how long you hold it; default: the configuration's lease")],
    'tocsin alerts ack 7c3f',
    'tocsin alerts ack 7c3f 90ab --for 30m --comment "looking at it"',
  );
  act('unack', 'give an alert back: escalation goes on where it stood', [], 'tocsin alerts unack 7c3f');
  act(
    'silence',
    'tell nobody of an alert for a while, or until it is over',
    [new Option('--for <duration>', 'how long'), new Option('--until-resolved', 'until it is over')],
    'tocsin alerts silence 7c3f --for 2h --comment "planned restore"',
    'tocsin alerts silence 7c3f --until-resolved --comment "the fix is on its way"',
  );
  act(
    'unsilence',
    'end the silences that hold exactly this alert: escalation goes on where it stood',
    [],
    'tocsin alerts unsilence 7c3f',
  );
  act(
    'resolve',
    'call an alert over; it fires again if its condition outlasts the cool-down',
    [],
    'tocsin alerts resolve 7c3f --comment "killed the report"',
  );
  act('escalate', 'tell the next level now', [], 'tocsin alerts escalate 7c3f --comment "need the DBA"');
}

function addOnCall(program: Command, context: Context, into: Into): void {
  const oncall = program
    .command('oncall')
    .description('who is on call, and taking somebody’s place')
    .addHelpText(
      'after',
      examples('tocsin oncall show', 'tocsin oncall override dba ben --to +2h --comment "ana is on a plane"'),
    );
  const show = oncall
    .command('show')
    .description('who is on call, and who is next')
    .argument('[schedule]', 'default: all schedules')
    .option('--at <time>', `${ONCALL_TIME}; default: now`)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin oncall show',
        'tocsin oncall show dba --at 2026-12-24T18:00',
        'tocsin oncall show --json',
      ),
    );
  into(show, (schedule: string | undefined, options: never) =>
    lazy.oncall().showOnCall(context, schedule, options),
  );
  const shifts = oncall
    .command('shifts')
    .description('who is on call from when to when, gaps included')
    .argument('<schedule>')
    .option('--from <time>', `${ONCALL_TIME}; default: now`)
    .option('--to <time>', 'likewise; default: 14 days after --from')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin oncall shifts dba', 'tocsin oncall shifts dba --from 2026-12-21 --to 2027-01-04'),
    );
  into(shifts, (schedule: string, options: never) => lazy.oncall().listShifts(context, schedule, options));
  const override = oncall
    .command('override')
    .description('put a person in the place of whoever’s turn it is; a later override wins over an earlier')
    .argument('<schedule>')
    .argument('<person>')
    .option('--from <time>', `${ONCALL_TIME}; default: now`)
    .requiredOption('--to <time>', 'likewise')
    .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
    .option('--comment <text>', 'why')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin oncall override dba ben --to +2h',
        'tocsin oncall override dba ana --from 2026-12-24T09:00 --to 2026-12-25T09:00 --comment "swapped with ben"',
      ),
    );
  into(override, (schedule: string, person: string, options: never) =>
    lazy.oncall().overrideOnCall(context, schedule, person, options),
  );
}

function addRemediation(program: Command, context: Context, into: Into): void {
  const remediation = program
    .command('remediation')
    .description('the kill switch: whether runbooks may act')
    .addHelpText(
      'after',
      examples('tocsin remediation status', 'tocsin remediation off --comment "maintenance of prod-db-01"'),
    );
  const to = (word: 'off' | 'on', description: string, ...lines: string[]): void => {
    const command = remediation
      .command(word)
      .description(description)
      .argument('[runbook]', 'default: all runbooks')
      .option('--owner <name>', 'who does it; default: TOCSIN_OWNER, else the user')
      .option('--comment <text>', 'why')
      .option('--instance <name>', INSTANCE)
      .option('--json', 'for programs')
      .addHelpText('after', examples(...lines));
    into(command, (runbook: string | undefined, options: never) =>
      lazy.remediation().switchRemediation(context, word, runbook, options),
    );
  };
  to(
    'off',
    'no runbook acts from now on, also none that is under way',
    'tocsin remediation off --comment "maintenance of prod-db-01"',
    'tocsin remediation off terminate-idle-sessions',
  );
  to(
    'on',
    'runbooks may act again, where the configuration allows it',
    'tocsin remediation on',
    'tocsin remediation on terminate-idle-sessions --comment "mended"',
  );
  const status = remediation
    .command('status')
    .description('which runbooks are switched off, since when, by whom')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin remediation status', 'tocsin remediation status --json'));
  into(status, (options: never) => lazy.remediation().remediationStatus(context, options));
}

function addLists(program: Command, context: Context, into: Into): void {
  const rules = program
    .command('rules')
    .description('the configured rules')
    .addHelpText('after', examples('tocsin rules list', 'tocsin rules explain PostgresDown'));
  const list = rules
    .command('list')
    .description('all rules')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin rules list', 'tocsin rules list --json'));
  into(list, (options: never) => lazy.rules().listRules(context, options));
  const explain = rules
    .command('explain')
    .description('when a rule fires and recovers, and who is told then')
    .argument('<name>', "the rule's name, or group/name")
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples('tocsin rules explain PostgresConnectionsHigh', 'tocsin rules explain postgres/PostgresDown'),
    );
  into(explain, (name: string, options: never) => lazy.rules().explainRule(context, name, options));
  const shadow = rules
    .command('shadow')
    .description('what rules on trial (mode: shadow) would have done')
    .argument('[name]', "the rule's name, or group/name; default: all on trial")
    .option('--since <duration>', 'how far back; 7 days are kept', '24h')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      examples(
        'tocsin rules shadow',
        'tocsin rules shadow OrdersSlow --since 7d',
        'tocsin rules shadow --json',
      ),
    );
  into(shadow, (name: string | undefined, options: never) =>
    lazy.shadow().shadowRules(context, name, options),
  );

  const generate = program
    .command('generate')
    .description('synthetic metrics, to standard output as JSON lines or to Kafka')
    .option('--kafka', 'publish them to the metric topics instead of printing them')
    .option('--live', 'at the pace of the clock, beginning now; otherwise at once, ending now')
    .option('--seed <number>', 'the same seed makes the same metrics', '1')
    .option('--instances <count>', 'how many databases', '3')
    .option('--interval <duration>', 'between two samples of a metric', '15s')
    .option('--for <duration>', 'how long the series are', '15m')
    .option('--start <time>', 'time of the first sample, ISO 8601')
    .option('--environment <name>', 'their environment', 'development')
    .option('--fault <fault>', 'kind[:instance][@from][+length]; may be repeated', collect, [])
    .addHelpText(
      'after',
      () =>
        examples(
          'tocsin generate --for 1m | head',
          `tocsin generate --seed 7 --fault ${lazy.synthetic().FAULTS[0]}:1@5m+2m > metrics.jsonl`,
          'tocsin generate --kafka --live --for 1h',
        ) + `\nFaults: ${lazy.synthetic().FAULTS.join(', ')}\n`,
    );
  into(generate, (options: never) => lazy.generate().generate(context, options));

  const send = program
    .command('send')
    .description('publish metrics of your own, a JSON message a line, to the metric topics')
    .argument('<file>', 'JSON lines; - for standard input')
    .addHelpText(
      'after',
      examples(
        'tocsin send metrics.jsonl',
        'zcat metrics.jsonl.gz | tocsin send -',
        './measure-orders | tocsin send -',
      ) +
        `
A line, where the value is a number and tags are texts:
  {"timestamp":"2026-11-21T12:00:00Z","database_type":"app","instance_id":"orders-1","metric_name":"queue_length","value":42,"tags":{"environment":"production"}}
A line that is no metric is told with its number and left out; the exit code is 1 then.
`,
    );
  into(send, (file: string, options: never) => lazy.send().send(context, file, options));

  const targets = program
    .command('targets')
    .description('what is watched')
    .addHelpText('after', examples('tocsin targets list'));
  const watched = targets
    .command('list')
    .description('the configured targets')
    .option('--json', 'for programs')
    .addHelpText('after', examples('tocsin targets list', 'tocsin targets list --json'));
  into(watched, (options: never) => lazy.targets().listTargets(context, options));
}

const ONCALL_TIME = "the clock's time in the schedule's zone, a time with a zone, or +2h";
const EXIT_CODES = `
Exit codes:
  0  it did what was asked
  1  it failed
  2  the command line or the configuration is wrong; nothing was started
`;

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
