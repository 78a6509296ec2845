/** SNS is asked with signed requests, and what it answers is told apart. */
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { failure, KEY, ROLE, sns, TOPIC } from '../../../servers/vendors/sns';
import { firing, GROUPS, message } from './groups';
import { integrationOf, notify } from './sending';

let server: HttpCatcher;

beforeEach(async () => {
  server = await startHttpCatcher();
  server.answerAlways(sns);
});
afterEach(() => server.close());

const SIGV4 = `region: eu-west-1, access_key: ${KEY.id}, secret_key: ${KEY.secret}`;
const make = (more = `topic_arn: '${TOPIC}'`, sigv4 = SIGV4) =>
  integrationOf(`sns_configs: [{ api_url: '${server.url}', sigv4: { ${sigv4} }, ${more} }]`);

const forms = (): Record<string, string>[] =>
  server.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));

it.each(Object.entries(GROUPS))('publishes the group %s', async (_name, group) => {
  expect(await notify(make(), group)).toEqual({ kind: 'delivered', detail: 'SNS took it as sns-1' });
});

it('says what it is about', async () => {
  await notify(
    make(
      `topic_arn: '${TOPIC}', attributes: { severity: '{{ .CommonLabels.severity }}', none: '{{ .CommonLabels.none }}' }`,
    ),
  );

  expect(forms()[0]).toMatchObject({
    TopicArn: TOPIC,
    Subject: '[FIRING:1] HighCPU (eu-1 db-1:9100 critical)',
    Message: expect.stringContaining('Alerts Firing:') as string,
    'MessageAttributes.entry.1.Name': 'severity',
    'MessageAttributes.entry.1.Value.StringValue': 'critical',
  });
  expect(JSON.stringify(forms()[0])).not.toContain('none');
});

it.each([
  [`topic_arn: '${TOPIC}'`, 262_144],
  ["phone_number: '+491234'", 1_600],
])('cuts what is too long, and marks it: %s', async (more, most) => {
  const group = message({ alerts: [firing({ alertname: 'Ü' }, { text: 'ä'.repeat(300_000) })] });

  expect(await notify(make(more), group)).toMatchObject({ kind: 'delivered' });
  const [form] = forms();
  expect(Buffer.byteLength(form!.Message!)).toBeLessThanOrEqual(most);
  expect(form).toMatchObject({
    Subject: '[FIRING:1] HighCPU',
    Message: expect.stringMatching(/…$/) as string,
    'MessageAttributes.entry.1.Name': 'truncated',
  });
});

it('tells the messages of a group apart in a FIFO topic, and the tries of one message not', async () => {
  const integration = make(`topic_arn: '${TOPIC}.fifo'`);

  await notify(integration);
  await notify(integration);
  await notify(integration, message({ key: 'm-2' }));

  const [first, again, next] = forms();
  expect(again!.MessageDeduplicationId).toBe(first!.MessageDeduplicationId);
  expect(next!.MessageDeduplicationId).not.toBe(first!.MessageDeduplicationId);
  expect(next!.MessageGroupId).toBe(first!.MessageGroupId);
});

describe('a role', () => {
  beforeEach(() => (process.env.AWS_ENDPOINT_URL_STS = server.url));
  afterEach(() => void delete process.env.AWS_ENDPOINT_URL_STS);

  it('is taken on first', async () => {
    const sigv4 = `${SIGV4}, role_arn: 'arn:aws:iam::1:role/alerts', external_id: ext`;

    expect(await notify(make(undefined, sigv4))).toMatchObject({ kind: 'delivered' });
    expect(forms().map(({ Action }) => Action)).toEqual(['AssumeRole', 'Publish']);
    expect(server.requests[1]!.headers.authorization).toContain(ROLE.id);
    expect(server.requests[1]!.headers['x-amz-security-token']).toBe('S3cr3tSession');
  });
});

describe('without credentials of its own', () => {
  afterEach(() => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });

  it('takes those of the process', async () => {
    process.env.AWS_ACCESS_KEY_ID = KEY.id;
    process.env.AWS_SECRET_ACCESS_KEY = KEY.secret;

    expect(await notify(make(undefined, 'region: eu-west-1'))).toMatchObject({ kind: 'delivered' });
  });
});

it.each([
  [403, 'SignatureDoesNotMatch', 'refused'],
  [404, 'NotFound', 'refused'],
  [400, 'Throttling', 'retry'],
  [403, 'ExpiredToken', 'retry'],
  [429, 'TooManyRequests', 'retry'],
  [500, 'InternalError', 'retry'],
  [503, 'ServiceUnavailable', 'retry'],
])('HTTP %i %s', async (status, code, kind) => {
  server.answerAlways(failure(status, code, `no ${KEY.secret}`));

  const delivery = await notify(make());

  expect(delivery).toMatchObject({ kind, error: expect.stringContaining(`HTTP ${status}`) as string });
  expect(JSON.stringify(delivery)).not.toContain('S3cr3t');
  expect(server.requests).toHaveLength(1);
});

it('ends when it is told to', async () => {
  server.answerAlways('hang');

  expect(await notify(make(), message(), AbortSignal.timeout(200))).toMatchObject({
    kind: 'retry',
    error: 'no answer in time',
  });
});

it.each(['drop', 'away'] as const)('tries again after a server that is %s', async (fault) => {
  const integration = make();
  server.answerAlways('drop');
  if (fault === 'away') await server.close();

  expect(await notify(integration)).toMatchObject({ kind: 'retry' });
});
