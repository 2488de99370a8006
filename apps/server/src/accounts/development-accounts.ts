import type { Account } from './account.js';

/** The accounts that the wire formats' documents log in with: user/password and +966500000001/password123. Development only. */
export const DEVELOPMENT_ACCOUNTS: readonly Account[] = [
  { id: 'user', name: 'user', hash: '$2b$12$AJDSd2MgxMvXP95.yp3YZe9RU3kMKxdvgPF5/aLzhOwbZxyr5mW9G' },
  { id: 'customer-1', phone: '+966500000001', hash: '$2b$12$dBzhSwMIBI/R4I4y0jdXi.cdOgriyzJwzpaFDyZM09ugXhbgZA8VC' },
];
