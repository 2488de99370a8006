import { readFileSync } from 'node:fs';

export const PROTOCOL_TEXT = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8');

export interface DocumentedFrame {
  /** Line of docs/PROTOCOL.md, from 1, so that a failure can be found. */
  readonly line: number;
  readonly kind: 'client' | 'server' | 'batch' | 'position';
  readonly text: string;
}
interface Block {
  readonly line: number;
  readonly info: string;
  readonly lines: readonly string[];
}

function codeBlocks(): readonly Block[] {
  const blocks: Block[] = [];
  const lines = PROTOCOL_TEXT.split('\n');
  for (let start = 0; start < lines.length; start++) {
    const info = lines[start]?.match(/^```(.+)$/)?.[1];
    if (info === undefined) continue;
    const end = lines.indexOf('```', start + 1);
    blocks.push({ line: start + 2, info, lines: lines.slice(start + 1, end) });
    start = end;
  }
  return blocks;
}

const SESSION_LINE = /^\w+(→|←) (\{.*\})$/;

/** Every frame in the document: `json client|server|batch|position` blocks, and the lines of `session` blocks. */
export function documentedFrames(): readonly DocumentedFrame[] {
  return codeBlocks().flatMap(({ line, info, lines }): DocumentedFrame[] => {
    if (info === 'session') {
      return lines.flatMap((text, index): DocumentedFrame[] => {
        if (text.startsWith('# ')) return [];
        const [, arrow, json] = text.match(SESSION_LINE) ?? [];
        if (json === undefined) throw new Error(`Line ${line + index} is neither a frame nor a remark.`);
        return [{ line: line + index, kind: arrow === '→' ? 'client' : 'server', text: json }];
      });
    }
    const kind = info.match(/^json (client|server|batch|position)$/)?.[1];
    if (kind === undefined)
      throw new Error(`Line ${line}: a block must be json client|server|batch|position or session.`);
    const framed = lines[0] === '{' ? [lines.join('\n')] : lines;
    return framed.map((text, index) => ({ line: line + index, kind: kind as DocumentedFrame['kind'], text }));
  });
}

/** The rows of the first table under a heading, as cells without backticks; the header row is left out. */
export function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = PROTOCOL_TEXT.split(`\n## ${heading}\n`)[1];
  if (section === undefined) throw new Error(`docs/PROTOCOL.md has no heading "${heading}".`);
  const lines = section.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}
