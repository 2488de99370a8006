import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { fieldsOf, startApi } from './start-api.js';

const operation = z.looseObject({
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional() })).optional(),
});

it('openapi.json is a valid OpenAPI document, every reference included', async () => {
  await using server = await startApi();
  const document = await fieldsOf(await server.call('GET', '/openapi.json'));
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.0');
  const broken = structuredClone(document);
  delete broken.info;
  expect(await new Validator().validate(broken)).toMatchObject({ valid: false });
});

it('openapi.json says of every operation what it does, and declares the parameters of its path', async () => {
  await using server = await startApi();
  const { paths } = await fieldsOf(await server.call('GET', '/openapi.json'));
  const operations = z.record(z.string(), z.record(z.string(), operation)).parse(paths);
  for (const [path, methods] of Object.entries(operations)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
      expect(
        declared.map(({ name }) => name),
        `${method} ${path}`,
      ).toEqual(inPath);
    }
  }
});
