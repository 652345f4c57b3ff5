import { createRequire } from "node:module";

/** A foreign function, bound once; the caller knows the C signature it was bound with. */
export type Foreign<Args extends readonly unknown[], Result> = (...args: Args) => Result;

/** One shared library. */
export interface Library {
	/**
	 * Binds a C function. Types are C names: `int`, `uint32_t`, `size_t`, `str`, `void*` (takes a Uint8Array or null,
	 * gives an opaque pointer) and `uint64_t` (an address as a Number: the fastest way).
	 * Throws where the library has no such symbol.
	 */
	bind<Args extends readonly unknown[], Result>(
		name: string,
		result: string,
		args: readonly string[],
	): Foreign<Args, Result>;
}

type Koffi = typeof import("koffi");

/**
 * The way to foreign functions: the only place of the relay that imports koffi, so that another library (`node:ffi`)
 * can take its place one day.
 */
export interface Native {
	/** Node's own binary: it exports OpenSSL where Node was built with its own copy. */
	readonly self: Library;
	readonly libc: Library;
	/** Loads another library, or returns undefined where it is not there. */
	open(file: string): Library | undefined;
	/** `errno` of the last call in this thread. */
	errno(): number;
	/** The address of a buffer's first byte. The caller keeps the buffer alive as long as the address is in use. */
	address(buffer: Uint8Array): number;
	/** Makes a C callback that lives as long as the process. `prototype` is a C declaration, `int f(int, void*)`. */
	callback(prototype: string, call: (...args: never[]) => unknown): unknown;
}

function library(koffi: Koffi, file: string | null): Library {
	const handle = koffi.load(file);
	return {
		bind: <Args extends readonly unknown[], Result>(name: string, result: string, args: readonly string[]) =>
			handle.func(name, result, [...args]) as unknown as Foreign<Args, Result>,
	};
}

function attempt<T>(make: () => T): T | undefined {
	try {
		return make();
	} catch {
		return undefined;
	}
}

function connect(): Native {
	const koffi = createRequire(import.meta.url)("koffi") as Koffi;
	const libc = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
	return {
		self: library(koffi, null),
		libc: library(koffi, libc),
		open: (file) => attempt(() => library(koffi, file)),
		errno: () => koffi.errno(),
		address: (buffer) => Number(koffi.address(buffer)),
		callback: (prototype, call) => koffi.register(call, koffi.pointer(koffi.proto(prototype))),
	};
}

/**
 * Foreign functions, or undefined where koffi cannot be loaded or `VEDETTE_NO_NATIVE=1` asks to do without: then media
 * leaves through `dgram`, and there is no WebRTC.
 */
export const native: Native | undefined = process.env.VEDETTE_NO_NATIVE === "1" ? undefined : attempt(connect);
