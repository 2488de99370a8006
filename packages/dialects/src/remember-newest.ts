import type { Encoder, Notice } from '@trunkline/server';

/** Words a notice once however many connections with encoders of their own ask for it. */
export function rememberNewest(encoder: Encoder<string>): Encoder<string> {
  let newest: Notice | undefined;
  let text: string | null = null;
  return {
    encode(notice) {
      if (notice !== newest) {
        text = encoder.encode(notice);
        newest = notice;
      }
      return text;
    },
  };
}
