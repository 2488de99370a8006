import { isLoopback } from '@trunkline/server';

/** Which pages of other origins may call us without a cookie. */
export interface OriginPolicy {
  readonly production: boolean;
  readonly allowedOrigins: readonly string[];
}

/** Those of ALLOWED_ORIGINS; in development those of this machine too, and all for `*`. */
export function isOriginAllowed({ production, allowedOrigins }: OriginPolicy, origin: string): boolean {
  if (allowedOrigins.includes(origin)) return true;
  if (production || !URL.canParse(origin)) return false;
  return allowedOrigins.includes('*') || isLoopback(new URL(origin).hostname);
}
