import { readdirSync, readFileSync } from 'node:fs';
import * as oldest from 'tanstack-react-query-oldest';
import { expect, test, vi } from 'vitest';
import './query-bridge.test.js';
import './realtime-query.test.js';
import './room-query.test.js';

vi.mock('@tanstack/react-query', () => import('tanstack-react-query-oldest'));

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const IMPORTS = /import \{([^}]+)\} from '@tanstack\/react-query'/g;

test('the oldest TanStack Query that we name is the one that is tried here', () => {
  const { peerDependencies, devDependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const version = peerDependencies['@tanstack/react-query'].replace('>=', '');
  expect(devDependencies['tanstack-react-query-oldest']).toBe(`npm:@tanstack/react-query@${version}`);
});

test('it has every name that we import, else nothing of the entry would load', () => {
  const sources = ['src/query/', 'src/falcon/'].flatMap((folder) =>
    readdirSync(at(folder)).map((file) => readFileSync(at(folder + file), 'utf8')),
  );
  const names = sources
    .flatMap((source) => [...source.matchAll(IMPORTS)].flatMap(([, list = '']) => list.split(',')))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  expect(names).toContain('useQuery');
  expect(names.filter((name) => !(name in oldest))).toEqual([]);
});
