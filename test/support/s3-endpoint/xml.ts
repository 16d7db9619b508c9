const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;",
};
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** A document whose root has S3's namespace; `content` is XML. */
export function document(root: string, content: string): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${content}</${root}>`;
}

/** The body of an error, which has no namespace. */
export function errorDocument(code: string, message: string, resource: string, requestId: string): string {
  const content = element("Code", code) + element("Message", message) + element("Resource", resource);
  return `${DECLARATION}<Error>${content}${element("RequestId", requestId)}</Error>`;
}

export function element(name: string, text: string | number | boolean): string {
  const escaped = String(text).replace(/[&<>"'\r\n\t]/g, (character) => ESCAPES[character] ?? "");
  return `<${name}>${escaped}</${name}>`;
}

/** The contents of all elements of a name that hold no element of the same name, in their order; still XML. */
export function contentsOf(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, "g"));
  return Array.from(found, ([, content]) => content ?? "");
}

/** The text of the first element of a name; `undefined` when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  return contentsOf(xml, name)[0]?.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, named) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
    return NAMED[named] ?? "";
  });
}
