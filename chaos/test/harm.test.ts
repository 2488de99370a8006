import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const HARM = new URL('../dist/harm.js', import.meta.url).href;

/** A program that says its clock, and how late its timer was, whenever 50 ms have passed. */
const PROGRAM = `
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    console.log([Date.now(), new Date().getTime(), new Date(5).getTime(), Math.round(now - last)].join(' '));
    last = now;
  }, 50);
`;

it('sets the clock of a running process and stalls its event loop, on order', async () => {
  const child = spawn(process.execPath, ['--import', HARM, '--input-type=module', '-e', PROGRAM]);
  const next = async () =>
    String((await once(child.stdout, 'data'))[0])
      .split('\n')[0]
      ?.split(' ')
      .map(Number) ?? [];
  try {
    const [before = 0] = await next();
    expect(Math.abs(before - Date.now())).toBeLessThan(5_000);
    child.stdin.write('clock -300000\n');
    let line = await next();
    while (line[0] !== undefined && line[0] > Date.now() - 200_000) line = await next();
    const [now = 0, constructed = 0, explicit] = line;
    expect(Date.now() - now).toBeGreaterThan(295_000);
    expect(Math.abs(constructed - now)).toBeLessThan(1_000);
    expect(explicit).toBe(5);
    child.stdin.write('stall 400\n');
    do line = await next();
    while ((line[3] ?? 0) < 400);
  } finally {
    child.kill('SIGKILL');
  }
}, 15_000);

it('keeps no process alive that has nothing left to do', async () => {
  const child = spawn(process.execPath, ['--import', HARM, '--input-type=module', '-e', '']);
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 15_000);
