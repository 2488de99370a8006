import { readFile } from 'node:fs/promises';

export interface CodeBlock {
  /** The headings that it stands under, outermost first, joined by ` > `. */
  readonly section: string;
  readonly language: string;
  /** As it stands there, letter by letter. */
  readonly text: string;
}

export interface CodeBlocks {
  readonly all: readonly CodeBlock[];
  /** The text of the only block whose section ends so, or of the nth there. @throws when there is none */
  under(section: string, nth?: number): string;
}

/** The fenced code blocks of a Markdown document. */
export async function readCodeBlocks(file: URL): Promise<CodeBlocks> {
  const all: CodeBlock[] = [];
  const headings: string[] = [];
  let block: { language: string; lines: string[] } | null = null;
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    if (line.startsWith('```')) {
      if (block)
        all.push({
          section: headings.filter(Boolean).join(' > '),
          language: block.language,
          text: block.lines.join('\n'),
        });
      block = block ? null : { language: line.slice(3), lines: [] };
    } else if (block) {
      block.lines.push(line);
    } else {
      const [, marks = '', title = ''] = /^(#+) (.+)$/.exec(line) ?? [];
      if (marks) headings.splice(marks.length - 1, Number.POSITIVE_INFINITY, title);
    }
  }
  return {
    all,
    under(section, nth) {
      const found = all.filter((candidate) => candidate.section.endsWith(section));
      const text = found[nth ?? 0]?.text;
      if (text === undefined || (nth === undefined && found.length > 1))
        throw new Error(`${found.length} code blocks under "${section}" in ${file.pathname}.`);
      return text;
    },
  };
}
