import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));

/** What a reader has around each program, by its place in the README. */
const AROUND = [
  `declare const fetchToken: () => Promise<string>;`,
  `
    import { useClient } from '@trunkline/react';
    import { bridge, roomQueryOptions, useAction, useRealtimeQuery } from '@trunkline/react/query';
    import { queryOptions, useQueryClient } from '@tanstack/react-query';
    interface Booking { readonly id: string; readonly status: string }
    declare const fetchBooking: (id: string) => Promise<Booking>;
    declare const id: string;
    declare const client: NonNullable<ReturnType<typeof useClient>>;
    declare const queryClient: ReturnType<typeof useQueryClient>;
  `,
];
const CONTRACT = `
  import { defineContract, durable } from '@trunkline/protocol/contract';
  import { z } from 'zod';
  export const contract = defineContract({
    rooms: {
      booking: { join: ['user'], events: { status_update: durable(z.object({ status: z.string() })) } },
      chat: { join: ['user'], events: { message: durable(z.object({ text: z.string() })) } },
    },
    actions: { cancel_booking: { input: z.object({ id: z.string() }), output: z.object({}) } },
  });
`;

test('the README’s programs compile as they stand', { timeout: 60_000 }, () => {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```tsx\n(.*?)^```$/gms)].map(([, code = '']) => code);
  expect(blocks).toHaveLength(AROUND.length);
  const files = new Map([[join(PACKAGE, 'test/contract.ts'), CONTRACT]]);
  for (const [index, block] of blocks.entries())
    files.set(join(PACKAGE, `test/program-${index}.tsx`), `${AROUND[index]}\n${block}\nexport {};\n`);
  expect(complaints(files)).toEqual([]);
});

function complaints(files: ReadonlyMap<string, string>): readonly string[] {
  const { config } = ts.readConfigFile(join(PACKAGE, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, PACKAGE);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  const { getSourceFile } = host;
  host.getSourceFile = (name, target, ...rest) => {
    const text = files.get(name);
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}
