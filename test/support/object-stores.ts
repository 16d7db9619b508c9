import type { ObjectMeta, ObjectStore } from "../../object-store/index.js";

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** The paths that a listing yields, in its order. */
export async function pathsOf(listing: AsyncIterable<ObjectMeta>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of listing) paths.push(path);
  return paths;
}

/** Every object of a store, by path. */
export async function contentsOf(store: ObjectStore): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for await (const { path } of store.list("")) contents[path] = text(await store.get(path));
  return contents;
}
