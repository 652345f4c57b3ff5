import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { SrtpPrimitives } from "../../src/wire/srtp.ts";

/** SRTP's ciphers by Node's own crypto: another implementation than the relay's. */
export const primitives: SrtpPrimitives = {
	seal(key, iv, aad, plain, out) {
		const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(aad);
		const body = Buffer.concat([cipher.update(plain), cipher.final()]);
		out.set(body);
		out.set(cipher.getAuthTag(), body.length);
	},
	open(key, iv, aad, sealed, out) {
		const end = sealed.length - 16;
		const cipher = createDecipheriv("aes-128-gcm", key, iv).setAAD(aad).setAuthTag(sealed.slice(end));
		const body = cipher.update(sealed.slice(0, end));
		try {
			cipher.final();
		} catch {
			return false;
		}
		out.set(body);
		return true;
	},
	counter: (key, iv, data, out) => out.set(createCipheriv("aes-128-ctr", key, iv).update(data)),
	hmacSha1: (key, data) => createHmac("sha1", key).update(data).digest(),
};
