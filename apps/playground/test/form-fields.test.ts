import { builtInContract, contractJsonSchema } from '@trunkline/protocol/contract';
import { expect, test } from 'vitest';
import { assemble, fieldKey, formFields } from '../src/forms/form-fields.js';

const { rooms, actions } = contractJsonSchema(builtInContract);
const fieldsOf = (kind: string, event: string) => formFields(rooms[kind]?.events[event]?.data) ?? [];

test('nested objects become fields with dotted names, and numbers stay numbers', () => {
  const fields = fieldsOf('booking', 'location_update');
  expect(fields.map(fieldKey)).toEqual(['bookingId', 'location.latitude', 'location.longitude']);
  expect(assemble(fields, { bookingId: '7', 'location.latitude': 24.7, 'location.longitude': 46.6 })).toEqual({
    bookingId: '7',
    location: { latitude: 24.7, longitude: 46.6 },
  });
});

test('what is optional and empty is left out; a required text is sent empty', () => {
  const fields = fieldsOf('conversation', 'chat');
  expect(assemble(fields, {})).toEqual({ content: '' });
  expect(assemble(fields, { content: 'hi', is_encrypted: true, metadata: '{"a":1}' })).toEqual({
    content: 'hi',
    is_encrypted: true,
    metadata: { a: 1 },
  });
});

test('a field of any JSON takes JSON and nothing else', () => {
  const fields = fieldsOf('company', 'update');
  expect(assemble(fields, { action: 'a', data: '[1]' })).toEqual({ action: 'a', data: [1] });
  expect(() => assemble(fields, { action: 'a', data: '[1' })).toThrow(SyntaxError);
});

test('a schema without known fields asks for JSON as a whole', () => {
  expect(formFields(actions.echo?.input)).toBeNull();
  expect(formFields(undefined)).toBeNull();
});
