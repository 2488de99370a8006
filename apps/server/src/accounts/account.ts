import { z } from 'zod';

/** bcrypt ignores what comes after 72 bytes: such passwords are refused rather than cut. */
export const MAX_PASSWORD_BYTES = 72;
export const BCRYPT_COST = 12;

const BCRYPT_HASH = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

export const accountSchema = z
  .object({
    /** The user id that tokens carry as `sub`. */
    id: z.string().min(1).max(128),
    /** What `POST /token` knows it by. */
    name: z.string().min(1).max(256).optional(),
    /** What `POST /api/v2/auth/login` knows it by. */
    phone: z.string().min(1).max(64).optional(),
    /** bcrypt. */
    hash: z
      .string()
      .regex(BCRYPT_HASH, 'must be a bcrypt hash')
      // What htpasswd and PHP call 2y is 2b, and our library knows it by that name alone.
      .transform((hash) => hash.replace('$2y$', '$2b$')),
    roles: z.array(z.string().min(1)).optional(),
    company_id: z.string().min(1).optional(),
  })
  .refine((account) => account.name !== undefined || account.phone !== undefined, 'needs a name or a phone');

/** USERS_FILE: `{ "users": [...] }`, or the list alone. */
export const usersFileSchema = z.union([
  z.object({ users: z.array(accountSchema) }).transform(({ users }) => users),
  z.array(accountSchema),
]);

export type Account = z.output<typeof accountSchema>;
