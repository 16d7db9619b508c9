/** What S3 keeps of an object beside its bytes. */
export interface ObjectFacts {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** In quotes, as S3 gives it. */
  readonly etag: string;
  /** Milliseconds since the epoch, of a whole second, as S3 keeps it. */
  readonly lastModified: number;
  /** Headers of the put that come back with the object: its type, its metadata, its encryption. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Bytes of one content of an object, which stay what they are when the object is replaced or deleted. */
export interface ObjectReader {
  /** `length` bytes from `offset`, which lie within the object; not to be changed. */
  read(offset: number, length: number): Buffer;
  close(): void;
}

export interface StoredObject extends ObjectFacts {
  open(): ObjectReader;
}

/** Where buckets and their objects are kept. Every call is done, for every later one, when it returns. */
export interface Medium {
  /** Buckets and objects that were there when the server started. */
  load(): ReadonlyMap<string, readonly StoredObject[]>;
  makeBucket(bucket: string): void;
  keep(bucket: string, facts: ObjectFacts, bytes: Buffer): StoredObject;
  drop(bucket: string, key: string): void;
}

export class MemoryMedium implements Medium {
  load(): ReadonlyMap<string, readonly StoredObject[]> {
    return new Map();
  }

  makeBucket(): void {}

  keep(_bucket: string, facts: ObjectFacts, bytes: Buffer): StoredObject {
    const reader: ObjectReader = {
      read: (offset, length) => bytes.subarray(offset, offset + length),
      close: () => {},
    };
    return { ...facts, open: () => reader };
  }

  drop(): void {}
}
