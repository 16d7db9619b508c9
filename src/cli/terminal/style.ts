/** Marks for text on a terminal; without colour they are the text itself. */
export interface Style {
  dim(text: string): string;
  bold(text: string): string;
  red(text: string): string;
}

const ESC = "\u001b[";

export function styleFor(colour: boolean): Style {
  const mark = (on: number, off: number) => (text: string) =>
    colour ? `${ESC}${on}m${text}${ESC}${off}m` : text;
  return { dim: mark(2, 22), bold: mark(1, 22), red: mark(31, 39) };
}
