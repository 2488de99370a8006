import { expect, it } from 'vitest';
import { createRevocations } from '../../src/auth/index.js';
import type { Principal } from '../../src/seams/authenticator.js';

const principal = (fields: Partial<Principal> = {}): Principal => ({
  userId: 'u1',
  roles: [],
  rooms: [],
  claims: {},
  expiresAt: null,
  ...fields,
});

it('revokes one token by its id and no other of the user', () => {
  const revocations = createRevocations();
  revocations.add({ tokenId: 'j1' });
  expect(revocations.isRevoked(principal({ tokenId: 'j1' }))).toBe(true);
  expect(revocations.isRevoked(principal({ tokenId: 'j2' }))).toBe(false);
  expect(revocations.isRevoked(principal())).toBe(false);
});

it('revokes every token of a subject, later ones too', () => {
  const revocations = createRevocations();
  revocations.add({ userId: 'u1' });
  expect(revocations.isRevoked(principal({ issuedAt: Date.now() + 60_000 }))).toBe(true);
  expect(revocations.isRevoked(principal({ userId: 'u2' }))).toBe(false);
});

it('revokes by time of issue, and tokens that do not tell theirs', () => {
  const revocations = createRevocations();
  revocations.add({ userId: 'u1', issuedBefore: 1_000 });
  expect(revocations.isRevoked(principal({ issuedAt: 999 }))).toBe(true);
  expect(revocations.isRevoked(principal({ issuedAt: 1_000 }))).toBe(false);
  expect(revocations.isRevoked(principal())).toBe(true);
});

it('is never weakened by a second, narrower revocation', () => {
  const revocations = createRevocations();
  revocations.add({ userId: 'u1' });
  revocations.add({ userId: 'u1', issuedBefore: 5 });
  expect(revocations.isRevoked(principal({ issuedAt: 10 }))).toBe(true);
});

it('forgets at expiresAt', () => {
  let now = 0;
  const revocations = createRevocations({ now: () => now });
  revocations.add({ tokenId: 'j1', expiresAt: 100 });
  revocations.add({ userId: 'u1', expiresAt: 100 });
  now = 99;
  expect(revocations.isRevoked(principal({ tokenId: 'j1', userId: 'else' }))).toBe(true);
  now = 100;
  expect(revocations.isRevoked(principal({ tokenId: 'j1' }))).toBe(false);
  expect(revocations.size).toBe(0);
});

it('stays within its capacity, drops ended ones first and says when it dropped a live one', () => {
  let now = 0;
  const revocations = createRevocations({ capacity: 2, now: () => now });
  expect(revocations.add({ tokenId: 'a', expiresAt: 10 })).toBe(true);
  expect(revocations.add({ tokenId: 'b', expiresAt: 100 })).toBe(true);
  now = 10;
  expect(revocations.add({ tokenId: 'c', expiresAt: 100 })).toBe(true);
  expect(revocations.add({ tokenId: 'd', expiresAt: 100 })).toBe(false);
  expect(revocations.size).toBe(2);
  expect(revocations.isRevoked(principal({ tokenId: 'b' }))).toBe(false);
  expect(revocations.isRevoked(principal({ tokenId: 'd' }))).toBe(true);
});
