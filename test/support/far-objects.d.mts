import type { RemoteObject } from "../../object-store/index.js";

export const OBJECTS: readonly { readonly size: number; readonly seed: number }[];
export function bytesOfObject(number: number): Buffer;
export function farObject(number: number): RemoteObject;
