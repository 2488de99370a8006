import { isIP } from 'node:net';
import { z } from 'zod';

/** A whole number within bounds; units are in the variable's name. */
export function integer(min: number, max: number) {
  const flaw = `must be a whole number from ${min} to ${max}.`;
  return z
    .string()
    .regex(/^\d{1,15}$/, flaw)
    .transform(Number)
    .refine((value) => value >= min && value <= max, flaw);
}

export const milliseconds = (min: number, max: number) => integer(min, max);
export const count = (max: number) => integer(1, max);

export const flag = z
  .enum(['true', 'false', '1', '0'], 'must be true or false.')
  .transform((value) => value === 'true' || value === '1');

/** Comma separated; blanks are dropped. */
export function list(item: z.ZodType<string>, flaw: string) {
  return z
    .string()
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine((items) => items.every((value) => item.safeParse(value).success), flaw);
}

export function url(...protocols: readonly string[]) {
  const names = protocols.map((protocol) => `${protocol}//`);
  return z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
      error: `must be a URL that starts with ${names.join(' or ')}.`,
      abort: true,
    })
    .refine((text) => {
      const { username, password } = new URL(text);
      return username === '' && password === '';
    }, 'can not hold a user or password: fetch refuses every request to such a URL.');
}

/** An origin exactly as browsers send it: scheme and host in lower case, no path, no default port; no pattern, which would match none. */
export const origin = z
  .string()
  .refine((text) => text === '*' || (!text.includes('*') && URL.canParse(text) && new URL(text).origin === text));

/** An address or a CIDR range; not everybody, whose word would then count. */
export const proxy = z.string().refine((text) => {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128))
  );
});
