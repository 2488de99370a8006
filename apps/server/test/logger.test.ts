import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createLogger } from '../src/observability/logger.js';
import { sampleErrors } from '../src/observability/sample-errors.js';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl';

function logged(fields: object, message = 'something happened'): string {
  let text = '';
  createLogger({ level: 'info', format: 'json', destination: { write: (line: string) => (text += line) } }).info(
    fields,
    message,
  );
  return text;
}

it.each([
  { authorization: `Bearer ${token}` },
  { req: { headers: { authorization: `Bearer ${token}`, cookie: `falcon_auth_token=${token}`, 'set-cookie': token } } },
  { query: { token, access_token: token, ticket: `tkt_${'a'.repeat(43)}` } },
  { url: `/ws?token=${token}` },
  { err: new Error(`bad token ${token}`) },
  { protocols: [`trunkline.bearer.${token}`] },
  { password: 'hunter2-hunter2' },
  { body: { password: 'hunter2-hunter2' } },
])('keeps secrets out of %j (S18)', (fields) => {
  const text = logged(fields);
  expect(text).not.toMatch(/eyJ|hunter2|tkt_a/);
  expect(text).toContain('something happened');
});

it('writes one JSON line, errors with their stack', () => {
  const line = logged({ err: new Error('broken'), connectionId: 'c1' });
  expect(JSON.parse(line)).toMatchObject({
    level: 30,
    connectionId: 'c1',
    err: { message: 'broken', stack: expect.any(String) },
  });
});

it('writes one error 20 times in ten seconds, then says how many more there were; others are not affected', () => {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const logger = pino(
    { hooks: { logMethod: sampleErrors(() => now) } },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  for (let n = 0; n < 100; n++) {
    logger.error({ err: new Error('broken') }, 'a command failed');
    logger.info('a command worked');
  }
  logger.warn('something else');
  const told = (msg: string) => lines.filter((line) => line.msg === msg);
  expect([told('a command failed'), told('a command worked'), told('something else')].map((of) => of.length)).toEqual([
    20, 100, 1,
  ]);
  now = 10_000;
  logger.error({ err: new Error('broken') }, 'a command failed');
  logger.error({ err: new Error('broken') }, 'a command failed');
  expect(lines.slice(-2)).toMatchObject([{ suppressed: 80, err: { message: 'broken' } }, { msg: 'a command failed' }]);
  expect(lines.at(-1)).not.toHaveProperty('suppressed');
});

it('keeps the end of the process out of the sampling, and any way of calling in it', () => {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const logger = pino(
    { hooks: { logMethod: sampleErrors(() => now) } },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  for (let n = 0; n < 30; n++) logger.fatal('the end');
  expect(lines).toHaveLength(30);
  for (let n = 0; n < 30; n++) {
    logger.error('text alone');
    logger.error(new Error('an error alone'));
  }
  expect(lines).toHaveLength(70);
  now = 10_000;
  logger.error('text alone');
  logger.error(new Error('an error alone'));
  expect(lines.slice(-2)).toMatchObject([
    { msg: 'text alone', suppressed: 10 },
    { err: { message: 'an error alone' }, suppressed: 10 },
  ]);
});
