// The layers of the workspace: protocol <- client <- react, protocol <- server <- dialects <- apps. Tests may look up.
const TEST = '/speaker\\.ts$|\\.test\\.tsx?$|/test/|/fixtures/|\\.config\\.ts$';
const source = (name) => ({ path: `^packages/${name}/`, pathNot: TEST });
const PROTOCOL_ROOT = '^packages/protocol/src/index\\.ts$';

/** What a package's own code may import from the workspace; `also` are paths. */
const layer = (name, also, comment) => ({
  name: `${name}-layer`,
  severity: 'error',
  comment,
  from: source(name),
  to: { path: '^(packages|apps|bench|chaos|examples)/', pathNot: [`^packages/${name}/`, ...also] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    layer('protocol', [], 'protocol is the bottom layer'),
    layer('client', ['^packages/protocol/'], 'client imports protocol only'),
    layer('react', ['^packages/client/', '^packages/protocol/'], 'react imports client'),
    layer('server', ['^packages/protocol/'], 'server imports protocol only'),
    layer('dialects', ['^packages/protocol/', '^packages/server/'], 'dialects import server and protocol'),
    layer('testkit', ['^packages/protocol/'], 'testkit imports protocol only'),
    {
      name: 'client-bundles-no-schemas',
      severity: 'error',
      comment: 'client and react take protocol at its root; from the other entries they take types alone',
      from: { path: '^packages/(client|react)/', pathNot: TEST },
      to: { path: '^packages/protocol/', pathNot: PROTOCOL_ROOT, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'protocol-root-has-no-dependency',
      severity: 'error',
      comment: 'the root entry goes into every bundle: no Zod, no node: module',
      from: { path: PROTOCOL_ROOT },
      to: { path: '(^|/)node_modules/|^node:', reachable: true },
    },
    {
      name: 'only-apps-import-dialects',
      severity: 'error',
      from: { path: '^(packages|examples|bench|chaos)/', pathNot: ['^packages/dialects/', TEST] },
      to: { path: '^packages/dialects/' },
    },
    {
      name: 'dialects-know-nothing-of-each-other',
      severity: 'error',
      comment: 'removing a dialect is rm -r of its folder',
      from: { path: '^packages/dialects/src/([^/]+)/', pathNot: TEST },
      to: { path: '^packages/dialects/src/[^/]+/', pathNot: '^packages/dialects/src/$1/' },
    },
    {
      name: 'testkit-is-for-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: ['^packages/testkit/', TEST] },
      to: { path: ['^packages/testkit/', '^packages/server/src/testing/'], pathNot: '^packages/server/src/testing/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      comment: "snippets of other systems' documents import what those systems call their modules",
      from: { pathNot: '^packages/react/test/fixtures/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      conditionNames: ['@trunkline/source', 'import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
    exclude: { path: '(^|/)dist/' },
    // Type-only imports are followed and marked, so that a rule can allow them.
    tsPreCompilationDeps: true,
  },
};
