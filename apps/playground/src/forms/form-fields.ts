/** One input of a generated form; `path` is where its value goes. */
export interface FormField {
  readonly path: readonly string[];
  readonly type: 'text' | 'number' | 'boolean' | 'choice' | 'json';
  readonly isRequired: boolean;
  readonly choices?: readonly string[];
}

export type FormValues = Readonly<Record<string, string | number | boolean>>;

export function fieldKey(field: FormField): string {
  return field.path.join('.');
}

/** The fields of an object schema, nested objects flattened. Null: the schema is no object with known fields; ask for JSON. */
export function formFields(schema: unknown): readonly FormField[] | null {
  const fields = isObject(schema) ? objectFields(schema, []) : [];
  return fields.length > 0 ? fields : null;
}

/**
 * The object that the values make. Fields without a value are left out, unless they are required texts.
 *
 * @throws {SyntaxError} for a JSON field that is not JSON
 */
export function assemble(fields: readonly FormField[], values: FormValues): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const value = parseValue(field, values[fieldKey(field)]);
    if (value !== undefined) place(result, field.path, value);
  }
  return result;
}

function place(target: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const known = target[name];
  const inner = isObject(known) ? known : {};
  target[name] = inner;
  place(inner, rest, value);
}

function parseValue(field: FormField, value: FormValues[string] | undefined): unknown {
  if (field.type === 'json') return typeof value === 'string' && value.trim() ? JSON.parse(value) : undefined;
  if (field.type === 'boolean') return value === true || (field.isRequired ? false : undefined);
  if (value === undefined || value === '') return field.isRequired && field.type === 'text' ? '' : undefined;
  return value;
}

function objectFields(schema: Record<string, unknown>, path: readonly string[]): FormField[] {
  const properties = schema.properties;
  if (!isObject(properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).flatMap(([name, property]) =>
    fieldsOf(property, [...path, name], required.includes(name)),
  );
}

function fieldsOf(schema: unknown, path: readonly string[], isRequired: boolean): FormField[] {
  const { type, enum: choices } = isObject(schema) ? schema : {};
  if (Array.isArray(choices) && choices.every((choice) => typeof choice === 'string'))
    return [{ path, type: 'choice', isRequired, choices }];
  switch (type) {
    case 'string':
      return [{ path, type: 'text', isRequired }];
    case 'number':
    case 'integer':
      return [{ path, type: 'number', isRequired }];
    case 'boolean':
      return [{ path, type: 'boolean', isRequired }];
    case 'object': {
      const nested = isObject(schema) ? objectFields(schema, path) : [];
      return nested.length > 0 ? nested : [{ path, type: 'json', isRequired }];
    }
    default:
      return [{ path, type: 'json', isRequired }];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
