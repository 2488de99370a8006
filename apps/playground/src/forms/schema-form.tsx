import { JsonInput, NumberInput, SegmentedControl, Select, Stack, Switch, TextInput } from '@mantine/core';
import { type ReactNode, useId, useState } from 'react';
import { assemble, type FormField, type FormValues, fieldKey, formFields } from './form-fields.js';

export interface SchemaFormProps {
  /** JSON Schema of the data. Undefined: nothing is known, JSON is asked for. */
  readonly schema: unknown;
  /** The field that the last answer found fault with, as in `data.text`. */
  readonly flawPath?: string | undefined;
  readonly onTyping?: () => void;
  /** Only with data that is JSON. Resolves true to empty the form. */
  readonly onSubmit: (data: unknown) => Promise<boolean>;
  /** The buttons. */
  readonly children: ReactNode;
}

/** A form made from a JSON Schema; its second face takes any JSON, so that wrong data can be tried too. */
export function SchemaForm({ schema, flawPath, onTyping, onSubmit, children }: SchemaFormProps) {
  const fields = formFields(schema);
  const [asJson, setAsJson] = useState(false);
  const [values, setValues] = useState<FormValues>({});
  const [json, setJson] = useState('{}');
  const [jsonFlaw, setJsonFlaw] = useState('');
  const name = useId();
  const showsJson = asJson || fields === null;

  async function submit(): Promise<void> {
    const data = read(() => (showsJson ? JSON.parse(json) : assemble(fields, values)));
    if (data === NOT_JSON) return setJsonFlaw('This is not JSON.');
    setJsonFlaw('');
    if ((await onSubmit(data)) && !showsJson) setValues({});
  }
  function switchFace(toJson: boolean): void {
    const data = toJson && fields ? read(() => assemble(fields, values)) : NOT_JSON;
    if (data !== NOT_JSON) setJson(JSON.stringify(data, null, 2));
    setJsonFlaw('');
    setAsJson(toJson);
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack gap="xs">
        {fields && (
          <SegmentedControl
            aria-label="How to write the data"
            data={['Form', 'JSON']}
            name={name}
            onChange={(face) => switchFace(face === 'JSON')}
            size="xs"
            value={asJson ? 'JSON' : 'Form'}
            w={160}
          />
        )}
        {showsJson ? (
          <JsonInput
            autosize
            error={jsonFlaw || (flawPath ? `The server refused ${flawPath}` : '')}
            label="Data (JSON)"
            minRows={4}
            onChange={setJson}
            value={json}
          />
        ) : (
          fields.map((field) => (
            <FieldInput
              field={field}
              flaw={
                (jsonFlaw && field.type === 'json' && jsonFlaw) ||
                (flawPath === `data.${fieldKey(field)}` && 'The server refused this')
              }
              key={fieldKey(field)}
              onChange={(value) => {
                setValues({ ...values, [fieldKey(field)]: value });
                onTyping?.();
              }}
              value={values[fieldKey(field)]}
            />
          ))
        )}
        {children}
      </Stack>
    </form>
  );
}

interface FieldInputProps {
  readonly field: FormField;
  readonly value: FormValues[string] | undefined;
  readonly flaw: string | false;
  readonly onChange: (value: FormValues[string]) => void;
}

function FieldInput({ field, value, flaw, onChange }: FieldInputProps) {
  const shared = { label: fieldKey(field), withAsterisk: field.isRequired, error: flaw };
  switch (field.type) {
    case 'boolean':
      return (
        <Switch
          checked={value === true}
          label={fieldKey(field)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'number':
      return <NumberInput {...shared} onChange={onChange} value={typeof value === 'boolean' ? '' : (value ?? '')} />;
    case 'choice':
      return (
        <Select
          {...shared}
          data={field.choices ?? []}
          onChange={(choice) => onChange(choice ?? '')}
          value={typeof value === 'string' ? value : null}
        />
      );
    case 'json':
      return <JsonInput {...shared} autosize minRows={2} onChange={onChange} value={String(value ?? '')} />;
    case 'text':
      return (
        <TextInput {...shared} onChange={(event) => onChange(event.currentTarget.value)} value={String(value ?? '')} />
      );
  }
}

const NOT_JSON = Symbol('not JSON');

function read(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return NOT_JSON;
  }
}
