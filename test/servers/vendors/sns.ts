/** Amazon SNS and STS: requests have to be signed (AWS Signature Version 4), forms are answered with XML. */
import { createHash, createHmac } from 'node:crypto';
import type { CaughtRequest, HttpAnswer } from '../../harness/http-catcher';
import type { Vendor } from './rules';

interface Key {
  readonly id: string;
  readonly secret: string;
}

export const KEY: Key = { id: 'AKIAEXAMPLE', secret: 'S3cr3tAwsKey' };
/** What a role's session has. */
export const ROLE: Key = { id: 'ASIAROLE', secret: 'S3cr3tRoleKey' };
export const TOPIC = 'arn:aws:sns:eu-west-1:1:alerts';

export const sns: Vendor = (request) => {
  const form = new URLSearchParams(request.body);
  const key = [KEY, ROLE].find(({ id }) => request.headers.authorization?.includes(`Credential=${id}/`));
  if (key === undefined || !isSigned(request, key))
    return failure(403, 'SignatureDoesNotMatch', 'The signature is wrong');
  if (form.get('Action') === 'AssumeRole') return role(form);
  const subject = form.get('Subject') ?? '';
  const message = form.get('Message') ?? '';
  if (form.get('Action') !== 'Publish') return failure(400, 'InvalidAction', 'no such action');
  if (!/^[ -~]{0,100}$/.test(subject)) return failure(400, 'InvalidParameter', 'Invalid parameter: Subject');
  if (message === '' || Buffer.byteLength(message) > 262_144)
    return failure(400, 'InvalidParameter', 'Message');
  const targets = ['TopicArn', 'PhoneNumber', 'TargetArn'].filter((name) => form.has(name));
  if (targets.length !== 1) return failure(400, 'InvalidParameter', 'TopicArn or TargetArn Reason: no value');
  if (form.get('TopicArn')?.endsWith('.fifo') && !form.has('MessageGroupId'))
    return failure(400, 'InvalidParameter', 'MessageGroupId');
  return xml(
    200,
    '<PublishResponse><PublishResult><MessageId>sns-1</MessageId></PublishResult></PublishResponse>',
  );
};

function role(form: URLSearchParams): HttpAnswer {
  if (form.get('ExternalId') !== 'ext' || !form.has('RoleSessionName'))
    return failure(403, 'AccessDenied', 'no');
  const credentials =
    `<AccessKeyId>${ROLE.id}</AccessKeyId><SecretAccessKey>${ROLE.secret}</SecretAccessKey>` +
    '<SessionToken>S3cr3tSession</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>';
  return xml(
    200,
    `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );
}

const xml = (status: number, body: string): HttpAnswer => ({
  status,
  body,
  headers: { 'content-type': 'text/xml' },
});

export const failure = (status: number, code: string, message: string): HttpAnswer =>
  xml(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  );

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function isSigned(request: CaughtRequest, { secret }: Key): boolean {
  const [, scope, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  if (scope === undefined) return false;
  const names = signed!.split(';');
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = [request.method, request.path, '', headers, signed, sha256(request.body)].join('\n');
  const [day, region, service, last] = scope.split('/');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [day!, region!, service!, last!].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, text).toString('hex') === signature;
}
