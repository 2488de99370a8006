import { expect, it } from 'vitest';
import { createLogger } from '../src/observability/logger.js';

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
