#!/usr/bin/env node
// The only bootstrap: from an empty clone, with Node and npm alone, to a running command.
// `node scripts/boot.mjs` lists the commands; the npm scripts of the root package.json all come here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP = join(ROOT, 'node_modules', '.trunkline-boot.json');
const WINDOWS = process.platform === 'win32';

const COMMANDS = {
  start: ['build, then run the server in development', start],
  test: ['build, then run every test; arguments go to vitest', test],
  build: ['build every package; arguments go to turbo', (args) => build(args)],
  bench: ['run the benchmarks', (args) => runMember('bench', args)],
  chaos: ['run the chaos campaign', (args) => runMember('chaos', args)],
  rolling: ['restart nodes behind a balancer under load', (args) => runMember('chaos', args, 'rolling')],
  check: ['lint, types, layers, unused code, packaging and size; names select', check],
  lint: ['report what Biome finds', (args) => last(bin('biome'), ['check', ...orElse(args, ['.'])])],
  format: ['let Biome repair what it can', (args) => last(bin('biome'), ['check', '--write', ...orElse(args, ['.'])])],
  typecheck: [
    'type-check every package',
    (args) => last(bin('turbo'), ['run', 'typecheck', '--output-logs=errors-only', ...args]),
  ],
  setup: ['install dependencies, Redis and Chromium', ensureServices],
  pnpm: ['run the pnpm of this repository', (args) => last('pnpm', args)],
};

await main();

async function main() {
  const [name = 'help', ...args] = process.argv.slice(2);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    stop(`Trunkline needs Node 20.19 or newer; this is ${process.version}.`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    for (const [key, [text]] of Object.entries(COMMANDS)) console.log(`  ${key.padEnd(10)} ${text}`);
    process.exit(name === 'help' ? 0 : 64);
  }
  process.chdir(ROOT);
  // Set before anything else runs: turbo and the packages' scripts look for pnpm on the PATH.
  prependPath(join(ROOT, 'node_modules', '.bin'), findPnpm());
  Object.assign(process.env, { DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1', TURBO_TELEMETRY_DISABLED: '1' });
  if (name !== 'pnpm') install();
  await command[1](args);
}

// --- commands -------------------------------------------------------------------------------------------------------

async function start(args) {
  build();
  process.env.NODE_ENV ??= 'development';
  await last(process.execPath, ['--enable-source-maps', join('apps', 'server', 'dist', 'main.js'), ...args]);
}

async function test(args) {
  ensureServices();
  build();
  await last(bin('vitest'), ['run', ...args]);
}

async function check(args) {
  build();
  await last(process.execPath, [join('scripts', 'check.mjs'), ...args]);
}

async function runMember(member, args, script = 'start') {
  if (!existsSync(join(member, 'package.json'))) stop(`There is no ${member}/ in this checkout.`);
  ensure({ 'redis-server': findRedis });
  build();
  await last('pnpm', ['--filter', `@trunkline/${member}`, 'run', script, ...args]);
}

function build(args = []) {
  must(bin('turbo'), ['run', 'build', '--output-logs=errors-only', ...args], 'The build failed (see above).');
}

// --- pnpm and the dependencies --------------------------------------------------------------------------------------

/** The directory of the pnpm that package.json names: remembered, on the PATH, or fetched by npm. */
function findPnpm() {
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'));
  const version = packageManager.slice('pnpm@'.length);
  const known = readStamp();
  if (known.pnpm?.version === version && hasPnpm(known.pnpm.directory)) return known.pnpm.directory;
  const onPath = searchPath(['pnpm']);
  if (onPath && capture(onPath, ['--version']) === version) return dirname(onPath);
  // Not corepack: it fails on networks that only know the registry. This is `npx -y pnpm@…`, told to say where it is.
  const path = capture('npm', ['exec', '--yes', `--package=${packageManager}`, '--', 'node', '-p', 'process.env.PATH']);
  const directory = path?.split(delimiter).find(hasPnpm);
  if (!directory) stop(`npm could not fetch ${packageManager}; is the npm registry reachable?`);
  writeStamp({ pnpm: { version, directory } });
  return directory;
}

function hasPnpm(directory) {
  return existsSync(join(directory, WINDOWS ? 'pnpm.cmd' : 'pnpm'));
}

/** Installs what pnpm-lock.yaml says, unless the last install had the same inputs. */
function install() {
  const inputs = installInputs();
  if (readStamp().installed === inputs && existsSync(join('node_modules', '.modules.yaml'))) return;
  must('pnpm', ['install', '--frozen-lockfile'], 'The install failed (see above).', { CI: '1' });
  writeStamp({ installed: inputs });
}

function installInputs() {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
  const members = ['packages', 'apps', 'examples']
    .filter(existsSync)
    .flatMap((group) => readdirSync(group).map((name) => join(group, name)));
  const manifests = ['.', 'bench', 'chaos', ...members.sort()].map((member) => join(member, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) {
    if (existsSync(file)) hash.update(`\0${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(change) {
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, JSON.stringify({ ...readStamp(), ...change }));
}

// --- what the tests need beside Node --------------------------------------------------------------------------------

/** Redis and Chromium, installed or found. Tests start their own Redis; CHROMIUM_PATH tells them the browser. */
function ensureServices() {
  ensure({ 'redis-server': findRedis, chromium: findChromium });
  process.env.CHROMIUM_PATH = findChromium();
}

/** `programs`: the Debian package and how its program is found. */
function ensure(programs) {
  const missing = Object.keys(programs).filter((name) => !programs[name]());
  if (missing.length > 0) installDebian(missing);
  const absent = missing.filter((name) => !programs[name]());
  if (absent.length > 0) stop(`apt-get installed ${absent.join(' and ')}, but the PATH has it not.`);
}

function findRedis() {
  return searchPath(['redis-server']);
}

function findChromium() {
  const told = process.env.CHROMIUM_PATH;
  if (told) return isExecutable(told) ? told : stop(`CHROMIUM_PATH is ${told}, which can not be run.`);
  return searchPath(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']);
}

function installDebian(packages) {
  if (process.getuid?.() !== 0 || !searchPath(['apt-get'])) {
    stop(
      `This needs ${packages.join(' and ')} on the PATH: install and try again (Debian: sudo apt-get install ${packages.join(' ')}).`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
  console.log(`Installing ${packages.join(' and ')} with apt-get …`);
  must('apt-get', [...options, 'update'], 'apt-get update failed.', env);
  const restore = forbidServiceStarts();
  try {
    must(
      'apt-get',
      [...options, 'install', '--yes', '--no-install-recommends', ...packages],
      'apt-get install failed.',
      env,
    );
  } finally {
    restore();
  }
}

/** Keeps Debian from starting the redis-server it installs: the tests start their own, on free ports. */
function forbidServiceStarts() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => {};
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(policy, { force: true });
}

// --- processes ------------------------------------------------------------------------------------------------------

/** The last thing a command does: its exit code is ours, and signals reach it. */
function last(command, args) {
  const child = spawn(command, args, { stdio: 'inherit', shell: WINDOWS });
  // A terminal sends Ctrl-C to the whole group; sent on as well, the server would see it twice.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => stop(`${command} could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
      resolve();
    });
  });
}

function must(command, args, failure, env = {}) {
  const { status, signal } = spawnSync(command, args, {
    stdio: 'inherit',
    shell: WINDOWS,
    env: { ...process.env, ...env },
  });
  if (signal) process.exit(130);
  if (status !== 0) stop(failure);
}

function capture(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: WINDOWS,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

function bin(name) {
  return join(ROOT, 'node_modules', '.bin', WINDOWS ? `${name}.cmd` : name);
}

function searchPath(names) {
  for (const directory of process.env.PATH.split(delimiter)) {
    for (const name of names) {
      const file = join(directory, WINDOWS ? `${name}.cmd` : name);
      if (isExecutable(file)) return file;
    }
  }
  return undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function prependPath(...directories) {
  process.env.PATH = [...directories, process.env.PATH].join(delimiter);
}

function orElse(args, fallback) {
  return args.length > 0 ? args : fallback;
}
