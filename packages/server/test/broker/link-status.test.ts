import { expect, test } from 'vitest';
import { digestPayload } from '../../src/broker/payload-digest.js';
import { type LinkFacts, statusOf } from '../../src/broker/redis/link-status.js';
import { findObstacle, parseFacts } from '../../src/broker/redis/redis-facts.js';
import { describeFailure } from '../../src/broker/redis/redis-failure.js';
import type { BrokerStatus } from '../../src/seams/broker.js';

const WELL: LinkFacts = {
  usable: true,
  lossReason: 'lost',
  obstacle: null,
  refusal: null,
  mayNotHear: null,
  mayNotSay: null,
  hearing: true,
  healed: true,
  graceUntil: 0,
  closed: false,
};
const CONNECTED: BrokerStatus = { state: 'connected' };
const AWAY: BrokerStatus = { state: 'degraded', reason: 'lost' };
const DEAF: BrokerStatus = { state: 'degraded', reason: 'this node does not hear Redis', deaf: true };

test.each<[string, Partial<LinkFacts>, BrokerStatus, BrokerStatus]>([
  ['all is well', {}, AWAY, CONNECTED],
  ['commands are lost', { usable: false }, CONNECTED, AWAY],
  ['the server is a replica', { obstacle: 'replica' }, CONNECTED, { state: 'degraded', reason: 'replica' }],
  ['writes are refused', { refusal: 'full' }, CONNECTED, { state: 'degraded', reason: 'full' }],
  ['the subscriber was lost a moment ago', { hearing: false, healed: false, graceUntil: 10 }, CONNECTED, CONNECTED],
  ['the subscriber was lost long ago', { hearing: false, healed: false, graceUntil: 4 }, CONNECTED, DEAF],
  ['commands are back and nothing was heard yet', { hearing: false, healed: false, graceUntil: 10 }, AWAY, AWAY],
  ['it hears and is not repaired yet', { healed: false, graceUntil: 10 }, AWAY, AWAY],
  ['it hears and repairs take too long', { healed: false, graceUntil: 4 }, AWAY, DEAF],
  [
    'an ACL forbids to listen, whatever is heard',
    { mayNotHear: 'no', graceUntil: 10 },
    CONNECTED,
    { state: 'degraded', reason: 'no', deaf: true },
  ],
  ['an ACL forbids to publish', { mayNotSay: 'no' }, AWAY, { state: 'degraded', reason: 'no', deaf: true }],
  ['it is closed', { closed: true }, CONNECTED, { state: 'degraded', reason: 'closed' }],
])('when %s', (_case, change, before, expected) => {
  expect(statusOf({ ...WELL, ...change }, before, 5)).toEqual(expected);
});

test.each([
  ['redis_version:6.2.0\r\nrole:master\r\n', null],
  ['redis_version:7.4.1\nrole:master\n', null],
  ['redis_version:6.0.9\r\nrole:master', 'Redis 6.0.9 is too old: 6.2 or newer is needed'],
  ['', 'Redis (unknown version) is too old: 6.2 or newer is needed'],
  ['redis_version:7.0.0\r\nrole:slave', 'Redis is read-only: it is a replica'],
  ['redis_version:7.0.0\r\nrole:master\r\nloading:1', 'Redis is still loading its data'],
])('%j stands against it: %s', (info, obstacle) => {
  expect(findObstacle(parseFacts(info))).toBe(obstacle);
});

const FORBIDDEN = 'Redis forbids a command to our user (ACL)';
const FORBIDDEN_KEYS = 'Redis forbids our keys to our user (ACL): it needs ~ with REDIS_PREFIX';
test.each([
  ['WRONGPASS invalid username-password pair', 'Redis refuses the password'],
  ['NOAUTH Authentication required.', 'Redis needs a password'],
  ["READONLY You can't write against a read only replica.", 'Redis is read-only: it is a replica'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'Redis is full (maxmemory)'],
  ["@user_script: 41: -OOM command not allowed when used memory > 'maxmemory'.", 'Redis is full (maxmemory)'],
  ["ERR The user executing the script can't run this command or subcommand", FORBIDDEN],
  ["ERR ACL failure in script: User u has no permissions to run the 'xadd' command", `${FORBIDDEN}: it needs +xadd`],
  ["NOPERM this user has no permissions to run the 'hget' command", `${FORBIDDEN}: it needs +hget`],
  ["NOPERM this user has no permissions to run the 'script|load' command", `${FORBIDDEN}: it needs +script|load`],
  ['NOPERM this user has no permissions to access one of the keys used as arguments', FORBIDDEN_KEYS],
  ['NOPERM No permissions to access a key', FORBIDDEN_KEYS],
  ["ERR The user executing the script can't access at least one of the keys mentioned in the command", FORBIDDEN_KEYS],
  ['LOADING Redis is loading the dataset in memory', 'Redis is still loading its data'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'Redis can not be reached'],
  [
    'self-signed certificate',
    'Redis and this node do not agree on TLS (NODE_EXTRA_CA_CERTS names a private authority)',
  ],
  ['something else with secret words', 'the connection to Redis was lost'],
])('%s is told as: %s', (message, told) => {
  expect(describeFailure(new Error(message))).toBe(told);
});

test('digests tell payloads apart and are the same for the same payload', () => {
  const payloads = Array.from({ length: 20_000 }, (_, index) => ({
    event: `e${index % 2}`,
    data: { index: index >> 1, text: 'x'.repeat(index % 50) },
  }));
  expect(new Set(payloads.map(digestPayload)).size).toBe(payloads.length);
  expect(digestPayload({ event: 'a', data: undefined })).toBe(digestPayload({ event: 'a', data: undefined }));
  expect(digestPayload({ event: 'a', data: [1] })).toBe(digestPayload({ event: 'a', data: [1] }));
});
