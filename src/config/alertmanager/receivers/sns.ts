/** Amazon SNS: a topic, a target or a telephone. */
import { notifier } from './notifier';
import { all, type Check, isSet } from '../checks';
import { flag, secret, text } from '../kinds';
import { mapping, record } from '../mappings';

const TARGETS = ['target_arn', 'topic_arn', 'phone_number'];

/** All three at once pass in Alertmanager too. */
const oneTarget: Check = (values, path) =>
  TARGETS.filter((key) => isSet(values[key])).length % 2 === 1
    ? []
    : [{ path, message: 'needs a target', accepted: `one of ${TARGETS.join(', ')}` }];

const signing: Check = (
  { access_key: access, secret_key: key, external_id: external, role_arn: role },
  path,
) => [
  ...(isSet(access) === isSet(key)
    ? []
    : [{ path, message: 'has only one of access_key and secret_key: they come together' }]),
  ...(isSet(external) && !isSet(role)
    ? [{ path: [...path, 'external_id'], message: 'needs role_arn beside it' }]
    : []),
];

const sigv4 = mapping(
  {
    region: text(),
    access_key: text(),
    secret_key: secret(),
    profile: text(),
    role_arn: text(),
    external_id: text(),
    use_fips_sts_endpoint: flag(),
    service_name: text(),
  },
  { check: all(signing) },
);

export const sns = notifier({
  name: 'sns',
  sendResolved: true,
  fields: {
    api_url: text(),
    sigv4,
    topic_arn: text(),
    phone_number: text(),
    target_arn: text(),
    subject: text('{{ template "sns.default.subject" . }}'),
    message: text('{{ template "sns.default.message" . }}'),
    attributes: record(text()),
    use_aws_http_client: flag(),
  },
  check: oneTarget,
});
