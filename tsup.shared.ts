import { defineConfig, type Options } from 'tsup';

const shared: Options = {
  clean: true,
  format: 'esm',
  platform: 'node',
  sourcemap: true,
  target: 'es2022',
  treeshake: true,
};

/** A package that others import: ESM with types, its dependencies left to the importer. */
export function libraryConfig(options: Pick<Options, 'entry' | 'platform' | 'treeshake'>) {
  return defineConfig({
    ...shared,
    // TypeScript 6 calls the baseUrl that tsup 8.5 sets deprecated. Types come from the built dependencies, as in use.
    dts: { compilerOptions: { customConditions: [], ignoreDeprecations: '6.0' } },
    ...options,
  });
}

/** A program that is run: no types. */
export function programConfig(options: Pick<Options, 'entry'>) {
  return defineConfig({ ...shared, ...options });
}
