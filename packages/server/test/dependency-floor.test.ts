import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const LOCKFILE = readFileSync(new URL('../../../pnpm-lock.yaml', import.meta.url), 'utf8');
/** ws 8.21.0 ended memory exhaustion by tiny fragments. */
const FLOOR = [8, 21, 0] as const;
/** Only a client, and only in a test: Socket.IO's version 2, which old pages still run. */
const EXCEPTED = ['engine.io-client@3.'];

function isBelowFloor(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of FLOOR.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

test('no server of ours runs on a ws below 8.21.0', () => {
  const holders: [holder: string, version: string][] = [];
  let holder = '';
  const [, snapshots = ''] = LOCKFILE.split('\nsnapshots:\n');
  for (const line of snapshots.split('\n')) {
    holder = /^ {2}'?([^\s'].*?)'?:/.exec(line)?.[1] ?? holder;
    const version = /^ {6}ws: '?(\d+\.\d+\.\d+)/.exec(line)?.[1];
    if (version !== undefined) holders.push([holder, version]);
  }
  const [importers = ''] = LOCKFILE.split('\npackages:\n');
  for (const [, version = ''] of importers.matchAll(/^ {6}ws:\n {8}specifier: \S+\n {8}version: (\S+)/gm))
    holders.push(['a package of ours', version]);
  expect(holders.length).toBeGreaterThan(5);
  const old = holders.filter(([name, version]) => isBelowFloor(version) && !EXCEPTED.some((of) => name.startsWith(of)));
  expect(old).toEqual([]);
});
